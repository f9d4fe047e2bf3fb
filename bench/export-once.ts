// Run by bench/export.ts in a process of its own: one export, or the yardstick.
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { exportFormats } from '#export/export-formats.ts';
import { exportToPath } from '#export/export-to-path.ts';

const [what = '', results = '', out = ''] = process.argv.slice(2);

if (what === 'JSON.parse') {
  let expressions = 0;
  for await (const line of createInterface({ input: createReadStream(`${results}/annotations.jsonl`) }))
    expressions += JSON.parse(line).expressions.length;
  console.log(expressions);
} else {
  const format = exportFormats.find(({ name }) => name === what);
  if (!format) throw new Error(`no format ${what}`);
  const { summary } = await exportToPath({ format, results, out, signal: new AbortController().signal });
  console.log(summary.boxes);
}
