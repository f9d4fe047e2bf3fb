/**
 * `npm run bench:faults`: a model endpoint that refuses, limits, fails and garbles; no sample may be lost, and little time.
 * Each case races the clean run or the server's own limit in the same process pair.
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { measure, report, startModelServer } from './measured.ts';
import { makeWorkload, pointedAt } from './workload.ts';

const cli = fileURLToPath(new URL('../bin/groundline.js', import.meta.url));
const dir = await mkdtemp(join(tmpdir(), 'groundline-faults-'));
let runs = 0;

interface Case {
  readonly samples: number;
  readonly workers: number;
  readonly backend?: 'openai' | 'gemini';
  readonly knobs: Record<string, number>;
}

/** Runs one case and checks the common rules: every line is complete, and no empty result is silent. */
async function run({ samples, workers, backend = 'openai', knobs }: Case) {
  const work = join(dir, String(runs++));
  const { captions } = await makeWorkload(work, samples);
  const server = await startModelServer({ LATENCY_MS: 300, ...knobs });
  try {
    const out = join(work, 'results');
    const used = await measure(cli, ['generate', captions, '--out', out, ...pointedAt(server.url, workers, backend)]);
    const stats = await server.stats();
    const lines = (await readFile(join(out, 'annotations.jsonl'), 'utf8')).trimEnd().split('\n');
    const records = lines.map((line) => JSON.parse(line) as { status: string; expressions: { instances: unknown[] }[] });
    const complete = records.filter((r) => r.expressions.length === 2 && r.expressions.every((e) => e.instances.length === 1));
    const failed = (await readFile(join(out, 'failed.jsonl'), 'utf8')).split('\n').filter(Boolean).length;
    const partial = records.filter((r) => r.status === 'partial').length;
    const damaged = samples - complete.length;
    if (used.exitCode !== 0) console.log(used.stderr.slice(-600));
    report('  samples damaged', damaged, `of ${samples}`, { atMost: stats.beyondRepair });
    report('  of them neither partial nor in failed.jsonl', damaged - partial - failed, '', { atMost: 0 });
    report('  calls billed twice', Math.max(0, stats.billedTwice - stats.malformed), '', { atMost: 0 });
    return { seconds: (stats.lastAt - stats.firstAt) / 1000, ...stats };
  } finally {
    await server.stop();
  }
}

try {
  for (const backend of ['openai', 'gemini'] as const) {
    console.log(`\n500 samples, 16 workers, 300 ms, ${backend}: clean, then 20 % refused with Retry-After 1 s`);
    const clean = await run({ samples: 500, workers: 16, backend, knobs: {} });
    const refused = await run({ samples: 500, workers: 16, backend, knobs: { P429: 0.2, RETRY_AFTER: 1 } });
    report('time against the clean run', refused.seconds / clean.seconds, '×', { atMost: 1.3 });
  }

  console.log('\nserver limit of 40 calls/s, 64 workers, 1,000 samples');
  const limited = await run({ samples: 1000, workers: 64, knobs: { RPS: 40, RETRY_AFTER: 1 } });
  report('share of the limit used', (100 * limited.billed) / limited.seconds / 40, '%', { atLeast: 95 });
  report('calls refused', (100 * limited.refused) / limited.calls, '%', { atMost: 5 });

  console.log('\nserver limit of 2 calls/s, 64 workers, 128 samples');
  const slow = await run({ samples: 128, workers: 64, knobs: { RPS: 2, RETRY_AFTER: 1 } });
  report('share of the limit used', (100 * slow.billed) / slow.seconds / 2, '%');

  console.log('\n10 % of calls end in a 500');
  await run({ samples: 500, workers: 16, knobs: { P500: 0.1 } });
  console.log('\n10 % of replies are cut short');
  await run({ samples: 500, workers: 16, knobs: { PMALFORMED: 0.1 } });
} finally {
  await rm(dir, { recursive: true, force: true });
}
