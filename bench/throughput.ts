/**
 * `npm run bench`: the complete pipeline against a model endpoint on the other core, checkpoints on.
 * Races the physical bound (workers / latency) and, at zero latency, the OpenAI SDK over undici without any pipeline.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { measure, report, startModelServer } from './measured.ts';
import { makeWorkload, pointedAt } from './workload.ts';

const cli = fileURLToPath(new URL('../bin/groundline.js', import.meta.url));
const peer = fileURLToPath(new URL('./peer-openai-sdk.ts', import.meta.url));
const samples = Number(process.argv[2] ?? 2000);
const workers = 64;

async function run(dir: string, captions: string, latency: number, name: string) {
  const server = await startModelServer({ LATENCY_MS: latency });
  try {
    const out = join(dir, name);
    const used = await measure(cli, ['generate', captions, '--out', out, ...pointedAt(server.url, workers)]);
    if (used.exitCode !== 0) throw new Error(`generate ended with ${used.exitCode}:\n${used.stderr}`);
    const { calls, firstAt, lastAt, billedTwice } = await server.stats();
    return { ...used, calls, billedTwice, rate: (calls / (lastAt - firstAt)) * 1000 };
  } finally {
    await server.stop();
  }
}

const dir = await mkdtemp(join(tmpdir(), 'groundline-bench-'));
try {
  const { captions, imageBytes } = await makeWorkload(dir, samples);
  console.log(`${samples} samples of ${(imageBytes / 1024).toFixed(0)} KB, 2 calls each, ${workers} workers`);

  const started = await measure(cli, ['--version']);
  report('start-up', started.wallMs / 1000, 's', { atMost: 0.7 });

  const bound = workers / 0.3;
  const slow = await run(dir, captions, 300, 'latency');
  console.log(`\n300 ms ± 20 % latency; bound ${bound.toFixed(0)} calls/s`);
  report('calls/s between first and last call', slow.rate, 'calls/s');
  report('share of the bound', (100 * slow.rate) / bound, '%', { atLeast: 97 });
  report('CPU per call', slow.cpuMs / slow.calls, 'ms', { atMost: 2 });
  report('peak RSS', slow.rssMb, 'MB', { atMost: 200 });

  const fast = await run(dir, captions, 0, 'zero');
  console.log('\nzero latency');
  report('calls/s', fast.rate, 'calls/s', { atLeast: 800 });
  report('peak RSS', fast.rssMb, 'MB', { atMost: 200 });
  const server = await startModelServer({});
  const alone = await measure(peer, [join(dir, 'img'), String(samples * 2), String(workers), `${server.url}/v1`]);
  const peerStats = await server.stats();
  await server.stop();
  const peerRate = (peerStats.calls / (peerStats.lastAt - peerStats.firstAt)) * 1000;
  if (alone.exitCode !== 0) throw new Error(alone.stderr);
  report('OpenAI SDK over undici, no pipeline', peerRate, 'calls/s');
  report('ratio to it', fast.rate / peerRate, '×');
} finally {
  await rm(dir, { recursive: true, force: true });
}
