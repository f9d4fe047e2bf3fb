/** `npm run build`: bundles the command line into dist/, one part per verb. Node runs no TypeScript below node_modules. Packages stay external. */
import { rm } from 'node:fs/promises';
import { build } from 'esbuild';

await rm('dist', { recursive: true, force: true });
await build({
  entryPoints: ['bin/groundline.ts'],
  outdir: 'dist',
  chunkNames: 'parts/[name]-[hash]',
  bundle: true,
  splitting: true, // each verb loads its own packages only
  packages: 'external',
  platform: 'node',
  format: 'esm',
  target: 'node22',
  keepNames: true, // errors are classified by name
  legalComments: 'none',
  logLevel: 'warning',
});
