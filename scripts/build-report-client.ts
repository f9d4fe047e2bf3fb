import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { build, transform } from 'esbuild';

const report = new URL('../lib/results/report/', import.meta.url);

/**
 * Bundles the report's page (`lib/results/report/client`) into the text that reports embed. The text is a checked-in JSON module, so that a report can
 * be written from a clone, from the packed bundle and from a Lambda alike, without esbuild and without a file to find at run time.
 */
export async function buildReportClient(): Promise<string> {
  const bundled = await build({
    entryPoints: [fileURLToPath(new URL('client/main.ts', report))],
    bundle: true,
    minify: true,
    write: false,
    format: 'iife',
    target: ['chrome115', 'firefox115', 'safari16.4'],
    charset: 'ascii',
    tsconfigRaw: {},
  });
  const css = await transform(await readFile(new URL('client/report.css', report), 'utf8'), { loader: 'css', minify: true, charset: 'ascii' });
  // Within <script> and <style> only their end tags could do harm, and the page hashes what stands there to the byte.
  const script = (bundled.outputFiles[0]?.text ?? '').trim().replaceAll('</', '<\\/');
  return `${JSON.stringify({ script, style: css.code.trim() }, null, 2)}\n`;
}

if (import.meta.main) await writeFile(new URL('client-assets.json', report), await buildReportClient());
