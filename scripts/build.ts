/** `npm run build`: bundles the command line into dist/groundline.js, since Node runs no TypeScript below node_modules. Packages stay external. */
import { chmod } from 'node:fs/promises';
import { build } from 'esbuild';

await build({
  entryPoints: ['bin/groundline.ts'],
  outfile: 'dist/groundline.js',
  bundle: true,
  packages: 'external',
  platform: 'node',
  format: 'esm',
  target: 'node22',
  keepNames: true, // names of errors decide what is retried
  legalComments: 'none',
  logLevel: 'warning',
});
await chmod('dist/groundline.js', 0o644);
