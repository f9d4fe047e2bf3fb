import { execFile, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it } from 'vitest';
import { type Box, iou } from '#core/box.ts';
import { createSeededRandom } from '#core/seeded-random.ts';
import { type AveragePrecisions, createPrecisionTally } from '#evaluate/figures/average-precision.ts';
import { tempFolder } from '#test/storage/temp-folder.ts';

const run = promisify(execFile);
const scripts = fileURLToPath(new URL('./python', import.meta.url));
const hasPython = spawnSync('python3', ['-c', 'import venv, ensurepip']).status === 0;

/** An expression: to COCO an image with one category. */
interface Unit {
  readonly truth: readonly Box[];
  readonly found: readonly { readonly box: Box; readonly score: number }[];
}

/** A virtual environment with what requirements.txt pins, made once. */
async function makePython(): Promise<string> {
  const list = join(scripts, 'requirements.txt');
  const place = join(tmpdir(), `groundline-pycocotools-${createHash('sha256').update(readFileSync(list)).digest('hex').slice(0, 12)}`);
  const python = join(place, 'bin', 'python');
  if (existsSync(join(place, 'ready'))) return python;
  await run('python3', ['-m', 'venv', '--clear', place]);
  await run(python, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '-r', list]);
  writeFileSync(join(place, 'ready'), '');
  return python;
}

const corner = ([x1, y1, x2, y2]: Box) => [x1, y1, x2 - x1, y2 - y1];

async function pycocotools(python: string, units: readonly Unit[]): Promise<AveragePrecisions> {
  const folder = tempFolder();
  const annotations = units.flatMap(({ truth }, image_id) =>
    truth.map((box) => ({ image_id, category_id: 1, bbox: corner(box), area: (box[2] - box[0]) * (box[3] - box[1]), iscrowd: 0 })),
  );
  const images = units.map((_, id) => ({ id, width: 1000, height: 1000, file_name: `${id}.jpg` }));
  const categories = [{ id: 1, name: 'phrase' }];
  const numbered = annotations.map((annotation, index) => ({ ...annotation, id: index + 1 }));
  const found = units.flatMap((unit, image_id) =>
    unit.found.map(({ box, score }) => ({ image_id, category_id: 1, bbox: corner(box), score })),
  );
  writeFileSync(join(folder, 'truth.json'), JSON.stringify({ info: {}, images, annotations: numbered, categories }));
  writeFileSync(join(folder, 'found.json'), JSON.stringify(found));
  const { stdout } = await run(python, [join(scripts, 'coco_ap.py'), join(folder, 'truth.json'), join(folder, 'found.json')]);
  return JSON.parse(stdout) as AveragePrecisions;
}

function groundline(units: readonly Unit[]): AveragePrecisions | undefined {
  const tally = createPrecisionTally();
  for (const { truth, found } of units) {
    const ranked = found.toSorted((a, b) => b.score - a.score);
    tally.add(0, { boxes: ranked.map(({ box }) => box), scores: ranked.map(({ score }) => score) }, truth);
  }
  return tally.compute();
}

/** Nearly correct boxes, wrong boxes, boxes of absent objects and missed objects, in integer pixels. */
function randomUnits(seed: number, count: number, score: (random: () => number) => number): Unit[] {
  const random = createSeededRandom(seed);
  const randomInteger = (below: number) => Math.floor(random() * below);
  const box = (): Box => {
    const [x, y] = [randomInteger(800), randomInteger(800)];
    return [x, y, x + 20 + randomInteger(180), y + 20 + randomInteger(180)];
  };
  const near = ([x1, y1, x2, y2]: Box): Box => [
    x1 + randomInteger(16),
    y1 + randomInteger(16),
    x2 + randomInteger(16),
    y2 + randomInteger(16),
  ];
  return Array.from({ length: count }, () => {
    const truth = Array.from({ length: randomInteger(4) }, box);
    const kept = truth.filter(() => random() < 0.8);
    const found = [...kept.map(near), ...kept.filter(() => random() < 0.2).map(near), ...(random() < 0.3 ? [box()] : [])];
    return { truth, found: found.map((one) => ({ box: one, score: score(random) })) };
  });
}

describe.skipIf(!hasPython)('average precision', () => {
  let python = '';
  beforeAll(async () => {
    python = await makePython();
  });

  it.each([1, 2, 3, 4, 5])('is what pycocotools computes, to the last digits: seed %i', async (seed) => {
    const units = randomUnits(seed, 400, (random) => random());

    const [ours, theirs] = [groundline(units), await pycocotools(python, units)];

    expect(theirs.ap).toBeGreaterThan(0.1);
    for (const figure of ['ap', 'ap50', 'ap75'] as const) expect(ours?.[figure]).toBeCloseTo(theirs[figure], 12);
  });

  it('is, for boxes with equal scores, what pycocotools computes for the worst order of them', async () => {
    const units = randomUnits(6, 400, (random) => Math.round(random() * 4) / 4).map(({ truth, found }) => ({
      truth: truth.slice(0, 1),
      found: found.slice(0, 1),
    }));
    const isHit = ({ truth, found }: Unit) => found.some(({ box }) => truth.some((one) => iou(box, one) >= 0.5));
    const hitsMoved = (by: number) =>
      units.map((unit) => ({ ...unit, found: unit.found.map((one) => ({ ...one, score: one.score + (isHit(unit) ? by : 0) })) }));

    const [ours, first, last] = [
      groundline(units),
      await pycocotools(python, hitsMoved(1e-3)),
      await pycocotools(python, hitsMoved(-1e-3)),
    ];

    expect(ours?.ap50).toBeCloseTo(last.ap50, 12);
    expect(ours?.ap50).toBeLessThan(first.ap50);
  });
});
