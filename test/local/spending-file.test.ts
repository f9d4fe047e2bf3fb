import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { summarise } from '#cli/local/run-summary.ts';
import { groundline, readJson, writeSamples } from '#test/cli/command-line.ts';
import { runIn } from '#test/cli/in-process.ts';
import { type StandIn, type StandInOptions, startStandIn } from '#test/models/stand-in.ts';
import { tempFolder } from '#test/storage/temp-folder.ts';

const perCall = (600 * 2 + 60 * 8) / 1e6;

async function pricedServer(options?: StandInOptions): Promise<StandIn & { readonly priced: readonly string[] }> {
  const server = await startStandIn({ models: ['gpt-4.1'], latencyMs: 3, ...options });
  onTestFinished(() => server.close());
  return Object.assign(server, { priced: [...server.overrides, 'vlm.coordinates=qwen3-vl', 'workflow.max_workers=2'] });
}

const spending = (results: string) => readJson<{ calls: number; cost_usd: number }>(results, 'spending.json');

test('a budget covers the results folder: the same command over it makes no call', async () => {
  const folder = tempFolder();
  writeSamples(folder, 20);
  const server = await pricedServer();
  const budget = [...server.priced, `workflow.budget_usd=${10.5 * perCall}`];
  const first = await runIn(folder, budget);
  const calls = server.calls.length;

  const second = await runIn(folder, budget);

  expect(first.stopped?.reason).toMatchObject({ reason: 'budget_reached' });
  expect(server.calls).toHaveLength(calls);
  expect(second.stopped?.reason).toMatchObject({
    reason: 'budget_reached',
    message: expect.stringMatching(
      /^the budget is used up: \$0\.0\d+ spent over all invocations, workflow\.budget_usd=.*; fix: raise workflow\.budget_usd/,
    ),
  });
  expect(second.run.counts.done).toBe(first.run.counts.done);
});

test('the total over all invocations survives runs with other settings, and is shown', async () => {
  const folder = tempFolder();
  writeSamples(folder, 4);
  const server = await pricedServer();
  const first = await runIn(folder, server.priced);
  const second = await runIn(folder, [...server.priced, 'workflow.force_reprocess=true']);
  const third = await runIn(folder, server.priced);

  expect(spending(first.results)).toEqual({ calls: 16, cost_usd: expect.closeTo(16 * perCall, 8), unpriced_calls: 0 });
  expect(second.run).toMatchObject({ calls: 8, all_invocations: { calls: 16, cost_usd: expect.closeTo(16 * perCall, 8) } });
  expect(third.run).toMatchObject({ calls: 0, cost_usd: 0, all_invocations: { calls: 16 } });
  expect(summarise(third.run, 'results')).toContain('0 calls, cost $0\nall invocations: 16 calls, cost $0.027\n');
  const status = await groundline(['status', 'results'], { cwd: folder });
  expect(status.stdout).toContain('all invocations: 16 calls, cost $0.027');
});

test('spending.json exists before the first reply, so that a kill cannot hide costs', async () => {
  const folder = tempFolder();
  writeSamples(folder, 2);
  let wasThere: boolean | undefined;
  const server = await pricedServer({
    script: () => {
      wasThere ??= existsSync(join(folder, 'results/spending.json'));
      return undefined;
    },
  });

  await runIn(folder, server.priced);

  expect(wasThere).toBe(true);
});

test('a folder without spending.json starts from the costs in its run.json', async () => {
  const folder = tempFolder();
  writeSamples(folder, 4);
  const server = await pricedServer();
  const { results } = await runIn(folder, server.priced);
  rmSync(join(results, 'spending.json'));
  const { all_invocations: _, ...older } = readJson(results, 'run.json');
  writeFileSync(join(results, 'run.json'), JSON.stringify(older));
  writeSamples(folder, 6);

  await runIn(folder, server.priced);

  expect(spending(results)).toMatchObject({ calls: 12, cost_usd: expect.closeTo(12 * perCall, 8) });
});

test('a damaged spending.json stops the run before any call, with a fix', async () => {
  const folder = tempFolder();
  writeSamples(folder, 2);
  const server = await pricedServer();
  const { results } = await runIn(folder, server.priced);
  writeFileSync(join(results, 'spending.json'), '{"calls":');
  server.calls.length = 0;

  await expect(runIn(folder, [...server.priced, 'workflow.force_reprocess=true'])).rejects.toThrow(/spending\.json cannot be read.*fix: /);
  expect(server.calls).toEqual([]);
});

test('calls of a model without a price are counted as calls of unknown cost', async () => {
  const folder = tempFolder();
  writeSamples(folder, 2);
  const server = await startStandIn();
  onTestFinished(() => server.close());

  const { results, run } = await runIn(folder, server.overrides);

  expect(JSON.parse(readFileSync(join(results, 'spending.json'), 'utf8'))).toEqual({ calls: 4, cost_usd: 0, unpriced_calls: 4 });
  expect(run).toMatchObject({ all_invocations: { calls: 4, cost_usd: 0, unpriced_calls: 4 } });
});
