import { FileNotFoundError, type FileStore } from '#core/ports.ts';

/** The value of a small JSON file; `undefined` where it is missing or no JSON. */
export async function readJsonFile(files: FileStore, path: string): Promise<unknown> {
  const chunks: Uint8Array[] = [];
  try {
    for await (const chunk of files.read(path)) chunks.push(chunk);
    return JSON.parse(Buffer.concat(chunks).toString('utf8'));
  } catch (error) {
    if (error instanceof FileNotFoundError || error instanceof SyntaxError) return undefined;
    throw error;
  }
}
