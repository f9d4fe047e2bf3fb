/**
 * `npm run bench:pacing`: our pacing against a plain AIMD and against no pacing, in virtual time.
 * Each case runs with ten seeds; the table shows the median and the worst of them.
 */
import { mulberry32 } from '#test/models/pacing/simulated-server.ts';
import { createLimitedServer, REFUSAL_MS, type ServerLimits } from './pacing/limited-server.ts';
import { type Strategy, strategies } from './pacing/strategies.ts';
import { createVirtualTime } from './pacing/virtual-time.ts';

interface Case extends ServerLimits {
  readonly name: string;
  readonly workers: number;
  readonly calls: number;
}

const cases: readonly Case[] = [
  { name: 'no refusals', workers: 16, calls: 2000, latencyMs: 300 },
  { name: '20 % refused at random', workers: 16, calls: 2000, latencyMs: 300, refusedAtRandom: 0.2 },
  { name: 'limit of 40 calls/s', workers: 64, calls: 2000, latencyMs: 300, limit: 40 },
  { name: 'limit of 2 calls/s', workers: 64, calls: 400, latencyMs: 300, limit: 2 },
];
const SEEDS = 10;

interface Outcome {
  /** Time ÷ ideal, per call answered. */
  readonly time: number;
  readonly refused: number;
  readonly lost: number;
}

/** The shortest possible time: all workers are always busy, or the limit is used to the last token. */
function idealSeconds({ workers, latencyMs, refusedAtRandom = 0, limit }: Case, answered: number): number {
  const refusals = refusedAtRandom / (1 - refusedAtRandom);
  const byWorkers = (answered * (latencyMs + refusals * REFUSAL_MS)) / workers / 1000;
  return limit === undefined ? byWorkers : Math.max(byWorkers, (answered - limit) / limit + latencyMs / 1000);
}

async function run(server: Case, strategy: Strategy, seed: number): Promise<Outcome> {
  const time = createVirtualTime();
  const { send, counts } = createLimitedServer(server, time, mulberry32(seed));
  const call = strategy.create({ workers: server.workers, clock: time, random: mulberry32(seed + SEEDS), send });
  let left = server.calls;
  let answered = 0;
  const work = async () => {
    while (left > 0) {
      left -= 1;
      await call().then(
        () => {
          answered += 1;
        },
        () => {},
      );
    }
  };
  await time.runUntil(Promise.all(Array.from({ length: server.workers * strategy.openPerWorker }, work)));
  const { attempts, refused } = counts();
  return { time: time.now() / 1000 / idealSeconds(server, answered), refused: refused / attempts, lost: server.calls - answered };
}

function show(outcomes: readonly Outcome[], key: keyof Outcome, format: (value: number) => string): string {
  const values = outcomes.map((outcome) => outcome[key]).toSorted((a, b) => a - b);
  const middle = ((values[values.length / 2 - 1] as number) + (values[values.length / 2] as number)) / 2;
  return `${format(middle).padStart(7)} ${format(values.at(-1) as number).padStart(7)}`;
}

const startedAt = performance.now();
console.log(`${SEEDS} seeds; each pair of columns: median, worst. "lost" = calls given up.`);
for (const server of cases) {
  console.log(`\n${server.name}: ${server.calls} calls, ${server.workers} workers, ${server.latencyMs} ms`);
  console.log(`  ${''.padEnd(12)}${'time ÷ ideal'.padStart(16)}${'refused'.padStart(18)}${'lost'.padStart(18)}`);
  for (const strategy of strategies) {
    const outcomes: Outcome[] = [];
    for (let seed = 1; seed <= SEEDS; seed += 1) outcomes.push(await run(server, strategy, seed));
    const columns = [
      show(outcomes, 'time', (value) => value.toFixed(2)),
      show(outcomes, 'refused', (value) => `${(100 * value).toFixed(1)} %`),
      show(outcomes, 'lost', (value) => value.toFixed(0)),
    ];
    console.log(`  ${strategy.name.padEnd(12)} ${columns.join('   ')}`);
  }
}
console.log(`\nmeasured in ${((performance.now() - startedAt) / 1000).toFixed(0)} s of real time`);
