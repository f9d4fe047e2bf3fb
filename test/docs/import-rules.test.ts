import { spawnSync } from 'node:child_process';
import { cpSync, globSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

/** The arrows of CONTRIBUTING: the rooms that each room may import. */
const arrows: Readonly<Record<string, string>> = {
  core: '',
  images: 'core',
  storage: 'core',
  input: 'core',
  results: 'core',
  steps: 'core images',
  evaluate: 'core results',
  export: 'core images storage results',
  report: 'core results',
  models: 'core images steps',
  import: 'core evaluate',
  spec: 'core models',
  output: 'core input steps models',
  pipeline: 'core input steps models output',
  local: 'core storage input results steps models output pipeline',
  aws: 'core images storage input results steps report models spec output pipeline',
  infra: 'core',
  cli: 'core images storage input results steps evaluate export report models import spec output pipeline local aws',
};
const rooms = Object.keys(arrows);
const folders = ['new-folder', ''].flatMap((extra) => rooms.map((room) => join('lib', room, extra)));
const everyFolder = [...new Set([...folders, ...globSync('lib/**/*.ts').map((file) => dirname(file))])];

/** Each way to import the file `to`. */
const importsOf = (to: string) => [
  `import type { A } from '${to}';`,
  `import { b } from '${to}';`,
  `export { c } from '${to}';`,
  `export type D = Awaited<ReturnType<typeof import('${to}')>>;`,
  `export const e = await import('${to}');`,
];
const forms = importsOf('').length;

describe('the linter', () => {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'groundline-test-')));
  let reported: ReadonlySet<string>;
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  beforeAll(() => {
    cpSync('scripts/room-imports.grit', join(folder, 'scripts/room-imports.grit'));
    writeFileSync(join(folder, 'biome.json'), readFileSync('biome.json'));
    for (const each of everyFolder) {
      mkdirSync(join(folder, each), { recursive: true });
      const parents = '../'.repeat(each.split('/').length - 1);
      const lines = [...rooms.flatMap((room) => importsOf(`#${room}/x.ts`)), ...importsOf(`${parents}other/x.ts`)];
      writeFileSync(join(folder, each, 'probe.ts'), lines.join('\n'));
    }
    writeFileSync(join(folder, 'lib/core/one.ts'), "import type { Two } from './two.ts';\nexport type One = { two: Two };\n");
    writeFileSync(join(folder, 'lib/core/two.ts'), "import type { One } from './one.ts';\nexport type Two = { one: One };\n");
    const command = resolve('node_modules/.bin/biome');
    const args = ['lint', '--vcs-enabled=false', '--reporter=github', '--max-diagnostics=none', '--diagnostic-level=error'];
    const { stdout } = spawnSync(command, args, { cwd: folder, encoding: 'utf8', maxBuffer: 1e9 });
    const found = stdout.matchAll(/title=([\w/]+),file=([^,]+),line=(\d+)/g);
    reported = new Set([...found].map(([, rule, file, line]) => `${rule?.split('/').at(-1)} ${file?.slice(folder.length + 1)}:${line}`));
  });

  const isReported = (file: string, line: number) =>
    ['noRestrictedImports', 'plugin'].some((rule) => reported.has(`${rule} ${file}/probe.ts:${line}`));

  it.each(everyFolder)('allows %s exactly the rooms of its arrows, in every form of import', (folder) => {
    const room = folder.split('/')[1] ?? '';
    const allowed = [room, ...(arrows[room] ?? '').split(' ')];
    const wrong = rooms.flatMap((other, index) =>
      Array.from({ length: forms }, (_, form) => form)
        // An inline import type is never allowed.
        .filter((form) => isReported(folder, index * forms + form + 1) !== (!allowed.includes(other) || form === 3))
        .map((form) => importsOf(`#${other}/x.ts`)[form]),
    );
    expect(wrong).toEqual([]);
  });

  it.each(everyFolder)('keeps relative imports of %s in its room', (folder) => {
    const lines = Array.from({ length: forms }, (_, form) => rooms.length * forms + form + 1);

    expect(lines.filter((line) => !isReported(folder, line))).toEqual([]);
  });

  it('rejects an import cycle of types', () => {
    expect([...reported]).toEqual(expect.arrayContaining(['noImportCycles lib/core/one.ts:1', 'noImportCycles lib/core/two.ts:1']));
  });
});
