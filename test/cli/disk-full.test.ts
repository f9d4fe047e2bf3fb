import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { startStandIn } from '#test/models/stand-in.ts';
import { tempFolder } from '#test/storage/temp-folder.ts';
import { groundline, readLines, writeSamples } from './command-line.ts';

const mount = (path: string, options: string) => spawnSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', path]).status === 0;

/** Only where this user may mount a small disk. */
function canMount(): boolean {
  const probe = mkdtempSync(join(tmpdir(), 'groundline-mount-'));
  const mounted = mount(probe, 'size=64k');
  if (mounted) spawnSync('umount', [probe]);
  rmSync(probe, { recursive: true, force: true });
  return mounted;
}

test.skipIf(!canMount())(
  'a full disk stops the run with one message; with more room the same command goes on',
  { timeout: 60_000 },
  async () => {
    const folder = tempFolder();
    writeSamples(folder, 60);
    const results = join(folder, 'results');
    mkdirSync(results);
    mount(results, 'size=200k');
    onTestFinished(() => void spawnSync('umount', [results]));
    const server = await startStandIn();
    onTestFinished(() => server.close());
    const run = () =>
      groundline(['generate', 'captions.jsonl', '--out', 'results', ...server.overrides, 'workflow.max_workers=4'], { cwd: folder });

    const full = await run();
    spawnSync('mount', ['-o', 'remount,size=20m', results]);
    const roomy = await run();

    expect(full.code).toBe(1);
    expect(full.stderr).toMatch(/^groundline: the disk is full at .*: make room and run the same command again, finished work is kept\n$/);
    expect(roomy.code).toBe(0);
    expect(readLines(results, 'annotations.jsonl')).toHaveLength(60);
    expect(server.billed.length).toBeLessThanOrEqual(120 + 2 * 4);
  },
);
