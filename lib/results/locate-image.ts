import { stat } from 'node:fs/promises';
import { isAbsolute, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { SampleError } from '#core/errors.ts';

/** Finds the local file of an `image_path`: a relative one below each of `bases`, the first match wins. Throws `SampleError`. */
export async function locateImage(imagePath: string, bases: readonly string[]): Promise<string> {
  for (const candidate of candidates(imagePath, bases)) if (await isFile(candidate)) return candidate;
  throw new SampleError('image_not_found', `no image ${imagePath} below ${bases.join(', ')}`);
}

function candidates(imagePath: string, bases: readonly string[]): string[] {
  if (imagePath.startsWith('file:')) return [fileURLToPath(imagePath)];
  if (isAbsolute(imagePath)) return [imagePath];
  return bases.map((base) => resolve(base, imagePath));
}

async function isFile(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isFile() ?? false;
}
