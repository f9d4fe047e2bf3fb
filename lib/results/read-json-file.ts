import { parseJson } from '#core/json.ts';
import { FileNotFoundError, type FileStore } from '#core/ports.ts';

/** The value of a small JSON file; `undefined` where it is missing or not JSON. */
export async function readJsonFile(files: FileStore, path: string): Promise<unknown> {
  const chunks: Uint8Array[] = [];
  try {
    for await (const chunk of files.read(path)) chunks.push(chunk);
  } catch (error) {
    if (error instanceof FileNotFoundError) return undefined;
    throw error;
  }
  return parseJson(Buffer.concat(chunks).toString('utf8'));
}
