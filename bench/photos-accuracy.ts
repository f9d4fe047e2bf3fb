/**
 * `npm run measure:photos [folder]`: runs the command line with the builtin model on photos with known boxes, and fails when it loses a sample
 * or when fewer than 90 % of its boxes are on an object of their class. The folder holds captions.jsonl and boxes.jsonl.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { AnnotationRecord } from '#core/annotation-record.ts';
import { type Box, iou } from '#core/box.ts';
import { classOfPhrase } from '#models/builtin/class-of-phrase.ts';

const MIN_SHARE = 0.9;
const MIN_IOU = 0.5;

interface Truth {
  readonly image_path: string;
  readonly instances: readonly { readonly category: string; readonly bbox: Box }[];
}

const root = fileURLToPath(new URL('..', import.meta.url));
const folder = resolve(process.argv[2] ?? join(root, '..', 'shared', 'data', 'photos'));
if (!existsSync(join(folder, 'boxes.jsonl'))) {
  console.log(`skipped: no photos with known boxes in ${folder} (npm run measure:photos -- <folder with captions.jsonl and boxes.jsonl>)`);
  process.exit(0);
}

const results = mkdtempSync(join(tmpdir(), 'groundline-photos-'));
try {
  measure();
} finally {
  rmSync(results, { recursive: true, force: true });
}

function measure(): void {
  const input = join(folder, 'captions.jsonl');
  const args = [join(root, 'bin', 'groundline.js'), 'generate', input, '--out', results, '--backend', 'builtin'];
  const { status } = spawnSync(process.execPath, args, { stdio: 'inherit' });
  if (status !== 0) throw new Error(`groundline generate ended with exit code ${status}`);

  const asked = readLines<unknown>(input).length;
  const records = readLines<AnnotationRecord>(join(results, 'annotations.jsonl'));
  const truths = new Map(readLines<Truth>(join(folder, 'boxes.jsonl')).map((truth) => [truth.image_path, truth.instances]));
  const tally = { phrases: 0, ofClass: 0, boxed: 0, boxes: 0, right: 0 };
  for (const { image_path, expressions } of records) {
    const instances = truths.get(image_path) ?? [];
    for (const expression of expressions) {
      const className = classOfPhrase(expression.text, expression.noun_chunk)?.className;
      tally.phrases += 1;
      if (className) tally.ofClass += 1;
      if (expression.instances.length > 0) tally.boxed += 1;
      for (const { bbox } of expression.instances) {
        const right = instances.some(({ category, bbox: truth }) => category === className && iou(truth, bbox) >= MIN_IOU);
        tally.boxes += 1;
        if (right) tally.right += 1;
        else console.log(`  wrong: ${image_path} "${expression.text}" [${bbox.join(', ')}]`);
      }
    }
  }
  const share = tally.right / tally.boxes;
  console.log(`samples in annotations.jsonl: ${records.length} of ${asked}`);
  console.log(`phrases: ${tally.phrases}, of one of the 80 classes: ${tally.ofClass}, with a box: ${tally.boxed}`);
  console.log(`boxes on a thing of their class at IoU ≥ ${MIN_IOU}: ${tally.right} of ${tally.boxes} = ${(share * 100).toFixed(1)} %`);
  if (records.length !== asked || !(share >= MIN_SHARE)) {
    console.error(`below the bar: every sample, and ≥ ${MIN_SHARE * 100} % of boxes right`);
    process.exitCode = 1;
  }
}

function readLines<Line>(path: string): Line[] {
  return readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => JSON.parse(line) as Line);
}
