// npm run bench:export [-- records [format …]]: every format against reading the same file with JSON.parse alone; memory must not grow with the file.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { exportFormats } from '#export/export-formats.ts';
import { createDirectoryFiles } from '#storage/disk/directory-files.ts';
import { measure, report } from './measured.ts';

const [records = '1000000', ...asked] = process.argv.slice(2);
const RECORDS = Number(records);
/** Formats of a file an image are bound by the disk's files, not by us: they get a tenth. */
const SMALL = RECORDS / 10;
const RSS_LIMIT_MB = 300;

const nouns = ['car', 'tree', 'dog', 'house', 'man', 'woman', 'ball', 'table', 'chair', 'cat'];
const once = fileURLToPath(new URL('./export-once.ts', import.meta.url));

/** Records as a run writes them: two captions an image in turn, four phrases, five boxes, every hundredth image turned. */
async function writeResults(folder: string, records: number): Promise<void> {
  const file = await createDirectoryFiles(folder).create('annotations.jsonl');
  for (let line = 0; line < records; line++) await file.write(`${JSON.stringify(record(line))}\n`);
  await file.close();
}

function record(line: number) {
  const image = Math.floor(line / 2);
  const id = line.toString(16).padStart(16, '0');
  const things = Array.from({ length: 4 }, (_, place) => ({ noun: nouns[(line * 7 + place * 3) % nouns.length] ?? '', place }));
  const caption = `${things.map(({ noun, place }) => `the ${noun} ${place}`).join(' next to ')} under the open sky.`;
  return {
    image_path: `train/part-${image % 100}/image-${image}.jpg`,
    caption: `um so here we have ${caption}`,
    image_id: `image-${image}`,
    width: 640,
    height: 480,
    ...(image % 100 === 0 ? { orientation: 6 } : {}),
    cleaned_caption: caption,
    expressions: things.map(({ noun, place }) => {
      const text = `the ${noun} ${place}`;
      const start = caption.indexOf(text);
      const boxes = Array.from({ length: place === 0 ? 2 : 1 }, (_, box) => [
        (line + place * 31 + box * 97) % 500,
        (line * 3 + place * 17) % 380,
      ]);
      return {
        text,
        expression_id: `expr_${id}_0${place}`,
        char_span: [start, start + text.length],
        noun_chunk: noun,
        grounding: 'found',
        instances: boxes.map(([x = 0, y = 0], box) => ({
          bbox: [x, y, x + 40 + place * 20, y + 60],
          score: ((line + place) % 1000) / 1000,
          bbox_id: `box_${id}_0${place}_0${box}`,
        })),
      };
    }),
    source: 'image_grounding',
    pipeline_steps: ['step0_expression_extraction', 'step1_grounding'],
    status: 'ok',
    provenance: { step_0: { model: 'm', prompt: 'extract@1' }, step_1: { model: 'm', prompt: 'ground@1', profile: 'p', score: 'model' } },
  };
}

async function race(folder: string, records: number, formats: readonly string[]): Promise<void> {
  if (formats.length === 0) return;
  await writeResults(folder, records);
  const alone = await measure(once, ['JSON.parse', folder]);
  report(`JSON.parse alone, ${records.toLocaleString('en')} records`, records / (alone.wallMs / 1000), 'records/s');
  for (const format of formats) {
    const out = join(folder, 'out');
    const { cpuMs, wallMs, rssMb, exitCode, stderr } = await measure(once, [format, folder, out]);
    rmSync(out, { recursive: true, force: true });
    if (exitCode !== 0) throw new Error(`${format}: ${stderr}`);
    report(`${format}`, records / (wallMs / 1000), `records/s, ${(cpuMs / alone.cpuMs).toFixed(1)} × the CPU time of JSON.parse alone`);
    report(`${format}, peak RSS`, rssMb, 'MB', { atMost: RSS_LIMIT_MB });
  }
}

const isMany = (name: string) => name === 'yolo' || name === 'voc';
const names = exportFormats.map(({ name }) => name).filter((name) => asked.length === 0 || asked.includes(name));
const folder = mkdtempSync(join(tmpdir(), 'groundline-bench-'));
try {
  await race(
    folder,
    RECORDS,
    names.filter((name) => !isMany(name)),
  );
  await race(folder, SMALL, names.filter(isMany));
} finally {
  rmSync(folder, { recursive: true, force: true });
}
