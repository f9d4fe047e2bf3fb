import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { readJson, writeSamples } from '#test/cli/command-line.ts';
import { runIn } from '#test/cli/in-process.ts';
import { runThroughKills } from '#test/local/kill.ts';
import { type StandInCall, startStandIn } from '#test/models/stand-in.ts';
import { tempFolder } from '#test/storage/temp-folder.ts';

const samples = 200;
const workers = 16;
const kills = 12;

/** Kills at moments spread over the run, its first reads and its last writes. */
function moments(seed: number) {
  let state = seed;
  const next = (below: number) => {
    state = (state * 48_271) % 2_147_483_647;
    return state % below;
  };
  return Array.from({ length: kills }, () => ({ calls: next(Math.ceil((2 * samples) / kills) * 2), ms: next(60) }));
}

test.each([1, 2, 3])(
  'twelve kills at random moments cost no more than the calls in flight (seed %i)',
  { timeout: 240_000 },
  async (seed) => {
    const folder = tempFolder();
    writeSamples(folder, samples);
    const script = (call: StandInCall) => (call.repeat === 0 && /number \d*7$/.test(call.caption) ? { status: 500 } : undefined);
    const server = await startStandIn({ latencyMs: 40, script });
    onTestFinished(() => server.close());

    const killed = await runThroughKills({ folder, server, workers, moments: moments(seed) });
    const paid = server.billed.length;
    const after = await runIn(folder, server.overrides, { results: join(folder, 'results') });
    const whole = await runIn(folder, server.overrides, { results: join(folder, 'whole') });

    console.log(`${killed.kills} kills, ${paid} replies paid for ${2 * samples} needed`);
    expect(killed.code).toBe(0);
    expect(paid).toBeLessThanOrEqual(2 * samples + killed.kills * workers);
    expect(server.billed.length - paid).toBe(2 * samples);
    expect(after.run.counts).toMatchObject({ done: samples, cached: samples });
    for (const file of ['annotations.jsonl', 'step_0_expression_extraction/annotations.jsonl', 'failed.jsonl'])
      expect(readFileSync(join(folder, 'results', file), 'utf8')).toBe(readFileSync(join(whole.results, file), 'utf8'));
    expect(readJson(folder, 'results', 'run.json')).toMatchObject({ status: 'finished' });
    expect(readdirSync(join(folder, 'results')).filter((name) => name.startsWith('.'))).toEqual([]);
  },
);
