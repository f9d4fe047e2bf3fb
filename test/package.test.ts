import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const run = promisify(execFile);

/** What `npm pack` packs, unpacked below a `node_modules`, where Node runs no TypeScript; its dependencies are this checkout's. */
describe('the packed package', () => {
  let folder: string;
  let files: string[];
  const groundline = (...args: string[]) =>
    run(process.execPath, [join(folder, 'node_modules', 'groundline', 'bin', 'groundline.js'), ...args], { cwd: folder });

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'groundline-package-'));
    const { stdout } = await run('npm', ['pack', '--json', '--pack-destination', folder]);
    const packed = JSON.parse(stdout.slice(stdout.search(/^\[|^\{/m))) as { filename: string; files: { path: string }[] }[];
    const [one] = Array.isArray(packed) ? packed : (Object.values(packed) as typeof packed);
    files = (one?.files ?? []).map(({ path }) => path);
    await mkdir(join(folder, 'node_modules'));
    await run('tar', ['-xzf', join(folder, one?.filename ?? ''), '-C', folder]);
    await cp(join(folder, 'package'), join(folder, 'node_modules', 'groundline'), { recursive: true });
    await symlink(join(process.cwd(), 'node_modules'), join(folder, 'node_modules', 'groundline', 'node_modules'));
  }, 60_000);
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('holds the bundle, its entry and its papers, and no sources', () => {
    expect(files.filter((file) => !file.startsWith('dist/parts/')).sort()).toEqual([
      'CHANGELOG.md',
      'LICENSE',
      'README.md',
      'SECURITY.md',
      'bin/groundline.js',
      'dist/groundline.js',
      'package.json',
    ]);
  });

  it('prints its version and its verbs', async () => {
    const { version } = JSON.parse(await readFile('package.json', 'utf8')) as { version: string };

    expect((await groundline('--version')).stdout.trim()).toBe(version);
    const { stdout: help } = await groundline('--help');
    for (const verb of ['generate', 'validate', 'estimate', 'check', 'status', 'retry', 'report', 'export', 'evaluate', 'import'])
      expect(help).toContain(verb);
  });

  it('prints a spec to start from', async () => {
    expect((await groundline('default-specs')).stdout).toContain('autolabel_type: image_grounding');
  });
});

it('an old Node gets one sentence with the version it needs', async () => {
  const entry = await readFile('bin/groundline.js', 'utf8');
  const old = entry.replace('process.versions.node', "'20.11.0'").replaceAll('process.versions.node', "'20.11.0'");
  const end = await run(process.execPath, ['--input-type=module', '-e', old]).catch((error: { stderr: string; code: number }) => error);

  expect(end).toMatchObject({ code: 1 });
  expect(end.stderr.trim().split('\n')).toHaveLength(1);
  expect(end.stderr).toContain('got Node 20.11.0, expected 22 or newer');
});
