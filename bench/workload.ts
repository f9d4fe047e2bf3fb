import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';

/** A JPEG comment segment, so that every image has bytes of its own and still decodes. */
function comment(text: string): Buffer {
  const body = Buffer.from(text);
  return Buffer.concat([Buffer.from([0xff, 0xfe, 0, body.length + 2]), body]);
}

/** One photo-like 640 × 480 JPEG of about 27 KB. */
async function photo(): Promise<Buffer> {
  const noise = Buffer.from(Array.from({ length: 40 * 30 * 3 }, (_, i) => (i * 2654435761) >>> 24));
  return sharp(noise, { raw: { width: 40, height: 30, channels: 3 } })
    .resize(640, 480, { kernel: 'cubic' })
    .jpeg({ quality: 58 })
    .toBuffer();
}

/** Writes `count` lines with `images` different images below `dir`; returns the captions file and an image's size in bytes. */
export async function makeWorkload(dir: string, count: number, images = count): Promise<{ captions: string; imageBytes: number }> {
  await mkdir(join(dir, 'img'), { recursive: true });
  const base = await photo();
  for (let i = 0; i < images; i++) {
    await writeFile(join(dir, 'img', `${i}.jpg`), Buffer.concat([base.subarray(0, 2), comment(`image ${i}`), base.subarray(2)]));
  }
  const captions = join(dir, 'captions.jsonl');
  const line = (i: number) => JSON.stringify({ image_path: `img/${i % images}.jpg`, caption: `a red car near a tall tree number ${i}.` });
  await writeFile(captions, `${Array.from({ length: count }, (_, i) => line(i)).join('\n')}\n`);
  return { captions, imageBytes: base.length };
}

/** Overrides that point a run at a benchmark endpoint. */
export function pointedAt(url: string, workers: number, backend: 'openai' | 'gemini' = 'openai'): string[] {
  const endpoint =
    backend === 'openai'
      ? [`vlm.openai.base_url=${url}/v1`, 'vlm.openai.model_name=Qwen/Qwen3-VL-8B-Instruct', 'vlm.openai.api_key=none']
      : [`vlm.gemini.base_url=${url}`, 'vlm.gemini.api_key=none'];
  return [`vlm.backend=${backend}`, ...endpoint, 'vlm.localisation_check=off', `workflow.max_workers=${workers}`];
}
