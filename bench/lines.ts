/**
 * `npm run bench:lines`: many lines with reused results, through `generate` and `validate`: memory must not grow with them.
 * Arguments: samples with checkpoints of their own, and lines in all (the samples over and over).
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fillCheckpoints } from './fill-checkpoints.ts';
import { measure, report } from './measured.ts';
import { makeWorkload, pointedAt } from './workload.ts';

const cli = fileURLToPath(new URL('../bin/groundline.js', import.meta.url));
const samples = Number(process.argv[2] ?? 200_000);
const lines = Number(process.argv[3] ?? 1_000_000);
const dir = await mkdtemp(join(tmpdir(), 'groundline-lines-'));
/** Nobody answers there: a single call would end the run. */
const nowhere = pointedAt('http://127.0.0.1:9', 16);

async function done(captions: string, count: number) {
  const used = await measure(cli, ['generate', captions, '--out', join(dir, 'results'), ...nowhere]);
  if (used.exitCode !== 0) throw new Error(`generate ended with ${used.exitCode}:\n${used.stderr}`);
  const { counts } = JSON.parse(await readFile(join(dir, 'results', 'run.json'), 'utf8')) as { counts: Record<string, number> };
  if (counts.done !== count || counts.cached !== count) throw new Error(`not all lines were reused: got ${JSON.stringify(counts)}`);
  return used;
}

async function checked(captions: string) {
  const used = await measure(cli, ['validate', captions]);
  if (used.exitCode !== 0) throw new Error(`validate ended with ${used.exitCode}:\n${used.stderr}`);
  return used;
}

try {
  const { captions } = await makeWorkload(dir, samples, 100);
  const text = await readFile(captions, 'utf8');
  const [few, many] = [join(dir, 'few.jsonl'), join(dir, 'many.jsonl')];
  await writeFile(few, text.split('\n').slice(0, Math.min(10_000, samples)).join('\n'));
  await writeFile(many, text.repeat(Math.ceil(lines / samples)));
  console.log(`writing the checkpoints of ${samples} samples …`);
  await fillCheckpoints(captions, join(dir, 'results'), nowhere);

  const small = await done(few, Math.min(10_000, samples));
  const full = await done(captions, samples);
  const large = await done(many, Math.ceil(lines / samples) * samples);
  console.log(`\ngenerate, every line reused`);
  report(`peak RSS of ${Math.min(10_000, samples)} lines`, small.rssMb, 'MB');
  report(`peak RSS of ${samples} lines`, full.rssMb, 'MB', { atMost: 200 });
  report('CPU', full.cpuMs / 1000, 's');
  report(`peak RSS of ${lines} lines`, large.rssMb, 'MB', { atMost: 200 });
  report('CPU', large.cpuMs / 1000, 's');

  const [checkedFew, checkedMany] = [await checked(few), await checked(many)];
  console.log('\nvalidate');
  report(`peak RSS of ${Math.min(10_000, samples)} lines`, checkedFew.rssMb, 'MB');
  report(`peak RSS of ${lines} lines`, checkedMany.rssMb, 'MB', { atMost: 200 });
  report('CPU', checkedMany.cpuMs / 1000, 's');
} finally {
  await rm(dir, { recursive: true, force: true });
}
