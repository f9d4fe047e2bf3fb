import { readFileSync } from 'node:fs';
import { measureImage } from '#images/measure-image.ts';
import { prepareImage } from '#images/prepare-image.ts';

/** Reads a picture from standard input, writes the prepared one to standard output, and the native libraries that are loaded to standard error. */
const bytes = readFileSync(0);
const info = measureImage(bytes, { maxBytes: 1e8, maxPixels: 1e8 });
const sent = await prepareImage(bytes, info, { mimeTypes: ['image/jpeg'], maxSide: 119, maxBytes: 1e8 });
const { sharedObjects } = process.report.getReport() as unknown as { sharedObjects: string[] };
process.stderr.write(sharedObjects.filter((path) => /sharp|vips/.test(path)).join('\n'));
process.stdout.write(sent.bytes);
