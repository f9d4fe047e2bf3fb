import { execFile } from 'node:child_process';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { expect, it } from 'vitest';
import { embeddedData, scratchFolder } from './report-in-folder.ts';
import { writeSampleResults } from './sample-results.ts';

const here = fileURLToPath(new URL('.', import.meta.url));

it('a report is complete when one bundled file writes it, as in the package and a Lambda function', async () => {
  const folder = await scratchFolder();
  try {
    await writeSampleResults(folder, { samples: 3 });
    const entry = `import { writeReport } from '#report/write-report.ts';
      import { folderFiles } from './folder-files.ts';
      await writeReport({ results: folderFiles(process.argv[2]), signal: new AbortController().signal });`;
    const bundled = await build({
      stdin: { contents: entry, resolveDir: here, loader: 'ts' },
      bundle: true,
      platform: 'node',
      format: 'esm',
      write: false,
      external: ['sharp'],
    });
    await writeFile(join(folder, 'bundle.mjs'), bundled.outputFiles[0]?.contents ?? '');

    await promisify(execFile)(process.execPath, [join(folder, 'bundle.mjs'), folder], { cwd: folder });

    const html = await readFile(join(folder, 'report.html'), 'utf8');
    expect(embeddedData(html).samples).toHaveLength(3);
    expect(html).toContain('<style>:root{');
  } finally {
    await rm(folder, { recursive: true });
  }
});
