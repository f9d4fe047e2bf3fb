import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bundleFunctions, functionNames } from '#infra/function-asset.ts';

const MB = 1024 * 1024;

describe('the asset of the functions', () => {
  let asset = '';
  let files: string[] = [];
  const path = (...parts: string[]) => join(asset, ...parts);
  const sizeOf = (names: readonly string[]) => names.reduce((sum, name) => sum + statSync(path(name)).size, 0);

  beforeAll(() => {
    asset = mkdtempSync(join(tmpdir(), 'groundline-asset-'));
    bundleFunctions(asset);
    files = readdirSync(asset, { recursive: true, encoding: 'utf8' }).filter((name) => statSync(path(name)).isFile());
  }, 120_000);
  afterAll(() => rmSync(asset, { recursive: true, force: true }));

  /** Files that a bundle loads at its start. */
  const staticImports = (name: string): Set<string> => {
    const found = new Set<string>();
    const follow = (file: string) => {
      if (found.has(file)) return;
      found.add(file);
      for (const [, chunk] of readFileSync(path(file), 'utf8').matchAll(/(?:from|import)\s*"\.\/([^"]+\.mjs)"/g)) follow(chunk as string);
    };
    follow(`${name}.mjs`);
    return found;
  };
  /** Chunks with sources of a package, by their source maps. */
  const chunksWith = (source: string) =>
    files.filter((name) => name.endsWith('.mjs.map') && readFileSync(path(name), 'utf8').includes(source)).map((name) => name.slice(0, -4));

  it('has one handler with a source map for each function, and stays small', () => {
    for (const name of functionNames) {
      expect(files).toContain(`${name}.mjs`);
      expect(files).toContain(`${name}.mjs.map`);
    }
    // Measured: 10.8 MB, of which 8.9 MB are sharp's WebAssembly; Lambda's limit is 250 MB.
    expect(sizeOf(files.filter((name) => !name.endsWith('.map')))).toBeLessThan(16 * MB);
    expect(sizeOf(files.filter((name) => name.endsWith('.map')))).toBeLessThan(12 * MB);
  });

  it('is minified, without sources in its maps', () => {
    const map = JSON.parse(readFileSync(path('extract-expressions.mjs.map'), 'utf8')) as { sources: string[]; sourcesContent?: unknown };

    expect(map.sources.length).toBeGreaterThan(0);
    expect(map.sourcesContent ?? []).toEqual([]);
  });

  it('decodes images with WebAssembly and contains no native binaries', () => {
    expect(files.filter((name) => name.endsWith('.wasm'))).toEqual([expect.stringContaining('sharp-wasm32')]);
    expect(files.filter((name) => /\.(node|so|dylib|dll)(\.\d+)*$/.test(name))).toEqual([]);
  });

  it('is self-contained: sharp rotates an image with only the files of the asset', () => {
    const script = `
      const { createRequire } = await import('node:module');
      const sharp = createRequire(${JSON.stringify(path('extract-expressions.mjs'))})('sharp');
      const image = await sharp({ create: { width: 40, height: 20, channels: 3, background: 'red' } }).rotate(90).jpeg().toBuffer({ resolveWithObject: true });
      console.log(image.info.width, image.info.height, Object.keys(process.report.getReport().sharedObjects).filter((name) => /libvips|sharp/.test(name)).length);`;
    const printed = execFileSync(process.execPath, ['--input-type=module', '-e', script], { cwd: asset, encoding: 'utf8', env: {} });

    expect(printed.trim()).toBe('20 40 0');
  });

  it('loads the SDKs of models only when a model is called', () => {
    for (const source of ['node_modules/openai/', 'node_modules/@google/genai/']) {
      const chunks = chunksWith(source);
      expect(chunks.length).toBeGreaterThan(0);
      for (const name of functionNames) expect(chunks.filter((chunk) => staticImports(name).has(chunk))).toEqual([]);
    }
  });

  it('starts quickly: each function loads less than 2.5 MB at its start', () => {
    for (const name of functionNames) expect(sizeOf([...staticImports(name)])).toBeLessThan(2.5 * MB);
  });

  it('loads every function alone, with only the variables of the stack', () => {
    const variables = { ENVIRONMENT: 'test', BUCKET: 'b', TABLE: 't', MODEL_KEYS_SECRET: 's', STATE_MACHINE: 'm', AWS_REGION: 'us-east-1' };
    const numbers = { CHECKPOINT_DAYS: '1', MAX_LAMBDAS: '1', SETTLE_MINUTES: '1', MAX_UNATTENDED_USD: '1' };
    for (const name of functionNames) {
      const script = `console.log(typeof (await import(${JSON.stringify(path(`${name}.mjs`))})).handler)`;
      const printed = execFileSync(process.execPath, ['--input-type=module', '-e', script], {
        cwd: asset,
        encoding: 'utf8',
        env: { ...variables, ...numbers },
      });

      expect(printed.trim()).toBe('function');
    }
  });

  it('contains no packages of the local builtin backend', () => {
    expect(chunksWith('node_modules/@tensorflow/')).toEqual([]);
    expect(existsSync(path('node_modules', '@tensorflow'))).toBe(false);
  });
});
