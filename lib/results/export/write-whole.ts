import type { FileStore } from '#core/ports.ts';

/** Writes a small file at once. */
export async function writeWhole(files: FileStore, path: string, text: string): Promise<void> {
  const writer = await files.create(path);
  try {
    await writer.write(text);
    await writer.close();
  } catch (error) {
    await writer.abort();
    throw error;
  }
}
