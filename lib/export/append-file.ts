import { open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { explainWriteError } from '#storage/disk/disk-errors.ts';

const PIECE = 1024 * 1024;

/** Moves the content of the file `from` to the end of `to`, then writes `tail`. All of it uses one buffer. */
export async function appendFile(folder: string, from: string, to: string, tail: string): Promise<void> {
  const path = join(folder, to);
  try {
    await using source = await open(join(folder, from), 'r');
    await using target = await open(path, 'a');
    const piece = Buffer.allocUnsafeSlow(PIECE);
    for (let read = await source.read(piece); read.bytesRead > 0; read = await source.read(piece))
      await target.writeFile(piece.subarray(0, read.bytesRead));
    await target.writeFile(tail);
    await target.datasync();
  } catch (error) {
    throw explainWriteError(error, path);
  }
  await rm(join(folder, from));
}
