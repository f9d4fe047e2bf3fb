import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const report = new URL('../lib/report/', import.meta.url);

/**
 * Bundles the report's page (`lib/report/client`) into the text that reports embed. The text is a checked-in JSON module. A clone, the packed
 * bundle and a Lambda function therefore write reports without esbuild and without reading a file at run time.
 */
export async function buildReportClient(): Promise<string> {
  // Inside <script> only an end tag is unsafe. The page hashes the script byte by byte, so the escape is made here.
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
