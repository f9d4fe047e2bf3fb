/** `npm run draw:demo`: renders the scenes of examples/demo to the pictures of its captions. Letters are paths, so that the result needs no font. */
import { readFile } from 'node:fs/promises';
import { basename, extname } from 'node:path';
import sharp from 'sharp';

const demo = new URL('../examples/demo/', import.meta.url);

for (const line of (await readFile(new URL('captions.jsonl', demo), 'utf8')).trim().split('\n')) {
  const { image_path: path } = JSON.parse(line) as { image_path: string };
  if (!path.startsWith('images/')) continue;
  const scene = await readFile(new URL(`scenes/${basename(path, extname(path))}.svg`, demo));
  const picture = sharp(scene).flatten({ background: 'white' });
  const drawn = path.endsWith('.png') ? picture.png({ compressionLevel: 9 }) : picture.jpeg({ quality: 88, chromaSubsampling: '4:4:4' });
  const { size } = await drawn.toFile(new URL(path, demo).pathname);
  console.log(`${path} ${Math.round(size / 1000)} kB`);
}
