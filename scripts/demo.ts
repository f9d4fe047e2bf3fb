/** `npm run demo`: grounds the captions of examples/demo with the builtin model and prints the results. */
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { exitCode } from '#cli/exit-codes.ts';
import type { AnnotationRecord, Expression } from '#core/annotation-record.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const results = join(root, 'demo-results');
const args = ['generate', join(root, 'examples', 'demo', 'captions.jsonl'), '--out', results, '--backend', 'builtin'];

console.log('groundline generate examples/demo/captions.jsonl --out demo-results --backend builtin\n');
// The run is in this process, so that a signal for the demo reaches it.
process.argv = [...process.argv.slice(0, 2), ...args];
await import('../bin/groundline.ts');
if (process.exitCode === exitCode.couldNotRun || process.exitCode === exitCode.interrupted) process.exit();

for (const line of readFileSync(join(results, 'annotations.jsonl'), 'utf8').trim().split('\n')) {
  const record = JSON.parse(line) as AnnotationRecord;
  console.log(`\n${record.image_id}: ${record.cleaned_caption}`);
  for (const row of table(record.expressions.flatMap(rowsOf))) console.log(`  ${row}`);
}

console.log('\nFiles:');
for (const [name, what] of [
  ['report.html', 'the pictures with their boxes; open it in a browser'],
  ['annotations.jsonl', 'one record per caption'],
  ['failed.jsonl', 'failed lines, each with its reason'],
  ['run.json', 'settings, model and counts of the run'],
]) {
  const path = join(results, name ?? '');
  if (existsSync(path) && statSync(path).size > 0) console.log(`  ${relative(process.cwd(), path).padEnd(32)} ${what}`);
}

/** Rows of phrase, span in the caption, box and score; without a box, the reason. */
function rowsOf({ text, char_span: [start, end], instances, grounding, note }: Expression): string[][] {
  const phrase = [`"${text}"`, `${start}–${end}`];
  if (instances.length === 0) return [[...phrase, note ? `${grounding}: ${note}` : String(grounding)]];
  return instances.map(({ bbox, score }) => [...phrase, `[${bbox.join(', ')}]`, score === null ? '' : score.toFixed(2)]);
}

function table(rows: readonly string[][]): string[] {
  const boxed = rows.filter(({ length }) => length === 4);
  const widths = [0, 1, 2].map((column) => Math.max(0, ...(column < 2 ? rows : boxed).map((row) => row[column]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}
