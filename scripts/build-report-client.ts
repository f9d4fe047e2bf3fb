import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const report = new URL('../lib/report/', import.meta.url);

/**
 * Bundles the report's page (`lib/report/client`) into the text that reports embed. The text is a checked-in JSON module, so that a report can
 * be written from a clone, from the packed bundle and from a Lambda alike, without esbuild and without a file to find at run time.
 */
export async function buildReportClient(): Promise<string> {
  // Within <script> only an end tag could do harm, and the page hashes what stands there to the byte.
  const script = (await bundle('client/main.ts')).replaceAll('</', '<\\/');
  return `${JSON.stringify({ script, style: await bundle('client/report.css') }, null, 2)}\n`;
}

async function bundle(entry: string): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL(entry, report))],
    bundle: true,
    minify: true,
    write: false,
    format: 'iife',
    target: ['chrome115', 'firefox115', 'safari16.4'],
    charset: 'ascii',
    tsconfigRaw: {},
  });
  return outputFiles[0]?.text.trim() ?? '';
}

if (import.meta.main) await writeFile(new URL('client-assets.json', report), await buildReportClient());
