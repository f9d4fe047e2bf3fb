import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildSync } from 'esbuild';

/** Where the functions' sources are. */
export const functionsFolder = fileURLToPath(new URL('../../lambdas', import.meta.url));

/** Each function is a file below `lambdas/`; one asset holds all of them. */
export const functionNames = ['start-run', 'prepare-run', 'extract-expressions', 'ground-expressions', 'collect-results'] as const;
export type FunctionName = (typeof functionNames)[number];

/** sharp with only its WebAssembly build: the asset is the same from any host and runs on any processor. */
const imagePackages = ['sharp', '@img/sharp-wasm32', '@img/colour', '@emnapi/runtime', 'tslib', 'detect-libc', 'semver'];

/** Packages of the `builtin` backend, which does not run on AWS, and of the command line. */
const localOnly = ['@tensorflow/*', 'wink-nlp', 'wink-eng-lite-web-model', 'pacote', '@npmcli/config', 'ora'];

/** Bundles the functions into a directory: minified ES modules with source maps. Model SDKs are separate chunks, loaded on first use. */
export function bundleFunctions(directory: string): void {
  buildSync({
    entryPoints: Object.fromEntries(functionNames.map((name) => [name, join(functionsFolder, `${name}.ts`)])),
    outdir: directory,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node24',
    minify: true,
    // Logs and Step Functions show the names of errors.
    keepNames: true,
    sourcemap: true,
    sourcesContent: false,
    external: ['sharp', ...localOnly],
    // Bundled CommonJS dependencies call `require`.
    banner: { js: "import{createRequire as __require}from'node:module';const require=__require(import.meta.url);" },
    logLevel: 'warning',
    absWorkingDir: dirname(functionsFolder),
  });
  for (const name of imagePackages) copyPackage(name, directory);
  writeFileSync(join(directory, 'package.json'), '{"type":"module"}\n');
}

function copyPackage(name: string, directory: string): void {
  const source = packageDirectory(name);
  const keep = (path: string) => !/\.(md|map|[cm]?ts)$|\/(docs|src|install)\/|\/node_modules\//.test(path.slice(source.length));
  cpSync(source, join(directory, 'node_modules', name), { recursive: true, filter: keep });
}

function packageDirectory(name: string): string {
  for (const folder of createRequire(import.meta.url).resolve.paths(name) ?? []) {
    const directory = join(folder, name);
    try {
      readFileSync(join(directory, 'package.json'));
      return directory;
    } catch {
      // Not in this folder; the next candidate is its parent.
    }
  }
  throw new Error(`package ${name} is not installed; fix: run npm ci`);
}
