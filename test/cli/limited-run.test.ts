import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { startStandIn } from '#test/models/stand-in.ts';
import { tempFolder } from '#test/storage/temp-folder.ts';
import { groundline, readLines, writeSamples } from './command-line.ts';
import { runIn } from './in-process.ts';

interface Labelled {
  readonly image_path: string;
  readonly caption: string;
  readonly expressions: readonly { readonly text: string; readonly instances: readonly { readonly bbox: number[] }[] }[];
}

/** Results as their own truth. */
function writeTruth(folder: string): void {
  const truth = readLines<Labelled>(folder, 'results/annotations.jsonl').map(({ image_path, caption, expressions }) => {
    const known = expressions.map(({ text, instances }) => ({ text, boxes: instances.map(({ bbox }) => bbox) }));
    return JSON.stringify({ image_path, caption, expressions: known });
  });
  writeFileSync(join(folder, 'truth.jsonl'), `${truth.join('\n')}\n`);
}

test('export, evaluate and report accept a run that reached its own limit', { timeout: 60_000 }, async () => {
  const folder = tempFolder();
  writeSamples(folder, 6);
  const server = await startStandIn();
  onTestFinished(() => server.close());
  await runIn(folder, [...server.overrides, 'workflow.limit=2']);
  writeTruth(folder);

  const exported = await groundline(['export', 'results', '--to', 'odvg', '--out', 'odvg.jsonl'], { cwd: folder });
  const evaluated = await groundline(['evaluate', 'results', '--truth', 'truth.jsonl', '--json'], { cwd: folder });
  const reported = await groundline(['report', 'results'], { cwd: folder });

  expect([exported.code, evaluated.code, reported.code]).toEqual([0, 0, 0]);
  expect(readLines(folder, 'odvg.jsonl')).toHaveLength(2);
  expect(readFileSync(join(folder, 'results/report.html'), 'utf8')).not.toContain('This run is unfinished');
});
