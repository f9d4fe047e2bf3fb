import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { readJson, writeSamples } from '#test/cli/command-line.ts';
import { runIn } from '#test/cli/in-process.ts';
import { startStandIn } from '#test/models/stand-in.ts';
import { tempFolder } from '#test/storage/temp-folder.ts';
import { runThroughKills } from './kill.ts';

test('after a kill the same command resumes, with few repeated calls and the same bytes', async () => {
  const folder = tempFolder();
  writeSamples(folder, 30);
  const server = await startStandIn({ latencyMs: 20 });
  onTestFinished(() => server.close());

  const { kills, code } = await runThroughKills({ folder, server, workers: 4, moments: [{ calls: 25, ms: 7 }] });
  const calls = server.calls.length;
  const complete = await runIn(folder, server.overrides, { results: join(folder, 'complete') });

  expect({ kills, code }).toEqual({ kills: 1, code: 0 });
  expect(calls).toBeLessThanOrEqual(60 + 4);
  const bytes = (results: string) => readFileSync(join(results, 'annotations.jsonl'), 'utf8');
  expect(bytes(join(folder, 'results'))).toBe(bytes(complete.results));
  expect(readJson(folder, 'results', 'run.json')).toMatchObject({ status: 'finished', counts: { lines: 30, done: 30, pending: 0 } });
  expect(readdirSync(join(folder, 'results')).filter((name) => name.startsWith('.'))).toEqual([]);
});
