/**
 * `npm run bench:evaluate`: evaluates a million records against their truth, in file order and shuffled.
 * Races reading the results with JSON.parse alone, in the same run; memory is held to 300 MB.
 */
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { measure, report } from './measured.ts';

const cli = fileURLToPath(new URL('../bin/groundline.js', import.meta.url));
const peer = fileURLToPath(new URL('./peer-json-parse.ts', import.meta.url));
const records = Number(process.argv[2] ?? 1_000_000);

const subjects = ['a red car', 'two men in hats', 'a small dog', 'the old tree'];
const places = ['a brick wall', 'the wooden fence', 'a parked bicycle'];

/** Deterministic boxes that are sometimes right, sometimes near, sometimes missing. */
function pairOf(index: number): { record: string; truth: string } {
  const texts = [subjects[index % 4] ?? '', places[index % 3] ?? ''];
  const caption = `${texts[0]} beside ${texts[1]}, number ${index}`;
  const image = `img/${Math.trunc(index / 5)}.jpg`;
  const expressions = texts.map((text, place) => {
    const x = (index * 37 + place * 211) % 400;
    const y = (index * 53 + place * 97) % 300;
    const box = [x, y, x + 120, y + 90];
    const found = (index + place) % 10 < 9 ? [[x + (index % 30), y, x + 120, y + 90 - (index % 17)]] : [];
    return { text, char_span: [caption.indexOf(text), caption.indexOf(text) + text.length], box, found };
  });
  const record = {
    image_path: image,
    caption,
    image_id: String(Math.trunc(index / 5)),
    width: 640,
    height: 480,
    cleaned_caption: caption,
    expressions: expressions.map(({ text, char_span, found }, place) => ({
      text,
      expression_id: `expr_${index.toString(16).padStart(16, '0')}_0${place}`,
      char_span,
      noun_chunk: text.split(' ').at(-1),
      grounding: found.length > 0 ? 'found' : 'absent',
      instances: found.map((bbox) => ({
        bbox,
        score: ((index * 7919) % 10_000) / 10_000,
        bbox_id: `box_${index.toString(16).padStart(16, '0')}_0${place}_00`,
      })),
    })),
    source: 'image_grounding',
    pipeline_steps: ['step1_grounding'],
    status: 'ok',
  };
  const truth = {
    image_path: image,
    caption,
    width: 640,
    height: 480,
    expressions: expressions.map(({ text, char_span, box }) => ({ text, char_span, boxes: [box] })),
  };
  return { record: JSON.stringify(record), truth: JSON.stringify(truth) };
}

/** Every number below `count` once, in no order, without a list of them. */
function shuffledIndex(index: number, count: number): number {
  return Number((BigInt(index) * 611_953n + 12_345n) % BigInt(count));
}

async function write(path: string, line: (index: number) => string): Promise<void> {
  const file = createWriteStream(path);
  for (let index = 0; index < records; index++) if (!file.write(`${line(index)}\n`)) await once(file, 'drain');
  file.end();
  await finished(file);
}

const dir = await mkdtemp(join(tmpdir(), 'groundline-bench-'));
try {
  const results = join(dir, 'results');
  await mkdir(results);
  await write(join(results, 'annotations.jsonl'), (index) => pairOf(index).record);
  await write(join(dir, 'truth.jsonl'), (index) => pairOf(index).truth);
  await write(join(dir, 'shuffled.jsonl'), (index) => pairOf(shuffledIndex(index, records)).truth);
  console.log(`${records} records of 2 expressions each, 5 captions an image`);

  const alone = await measure(peer, [join(results, 'annotations.jsonl')]);
  const both = await measure(peer, [join(results, 'annotations.jsonl'), join(dir, 'truth.jsonl')]);
  if (alone.exitCode !== 0 || both.exitCode !== 0) throw new Error(`${alone.stderr}${both.stderr}`);
  report('JSON.parse of the results alone', records / (alone.wallMs / 1000), 'records/s');
  report('JSON.parse of results and truth', records / (both.wallMs / 1000), 'records/s');
  for (const truth of ['truth.jsonl', 'shuffled.jsonl']) {
    const used = await measure(cli, ['evaluate', results, '--truth', join(dir, truth), '--no-report', '--json']);
    if (used.exitCode !== 0) throw new Error(used.stderr);
    const { counts } = JSON.parse(used.stdout) as { counts: { joined: number } };
    if (counts.joined !== records) throw new Error(`only ${counts.joined} of ${records} records were joined`);
    console.log(`\n${truth === 'truth.jsonl' ? 'truth in the order of the results' : 'truth in another order'}`);
    report('evaluate', records / (used.wallMs / 1000), 'records/s');
    report('time, as a multiple of parsing both files', used.wallMs / both.wallMs, '×');
    report('peak RSS', used.rssMb, 'MB', { atMost: 300 });
  }
} finally {
  await rm(dir, { recursive: true, force: true });
}
