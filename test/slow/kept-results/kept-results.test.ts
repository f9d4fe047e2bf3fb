import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { groundline, readLines, start, writeSamples } from '#test/cli/command-line.ts';
import { type StandIn, type StandInOptions, servedModel, startStandIn } from '#test/models/stand-in.ts';
import { tempFolder } from '#test/storage/temp-folder.ts';

const LINES = 34;
const results = (folder: string) => join(folder, 'results');

interface Ending {
  readonly args?: readonly string[];
  readonly script?: StandInOptions['script'];
  /** Sent one after the other while calls are in flight. */
  readonly signals?: readonly NodeJS.Signals[];
  readonly deadServer?: boolean;
  /** Bytes that are free on the disk with the results. */
  readonly freeBytes?: number;
}

const after = (answers: number, status: number, error: string): StandInOptions['script'] => {
  return (_, calls) => (calls.length > answers ? { status, error } : undefined);
};

const endings: Record<string, Ending> = {
  '401 at once': { script: after(0, 401, 'Invalid API key') },
  '401 after 10 answers': { script: after(10, 401, 'Invalid API key') },
  '402': { script: after(10, 402, 'Insufficient balance') },
  'a dead server': { deadServer: true },
  'Ctrl-C': { signals: ['SIGINT'] },
  'Ctrl-C twice': { signals: ['SIGINT', 'SIGINT'] },
  SIGTERM: { signals: ['SIGTERM'] },
  SIGKILL: { signals: ['SIGKILL'] },
  'a full disk': { freeBytes: 24_000 },
  'a used-up budget': { args: ['vlm.openai.model_name=gpt-4.1', 'vlm.coordinates=qwen3-vl', 'workflow.budget_usd=0.01'] },
  'an unknown model': { script: after(0, 404, 'The model does not exist') },
  '--limit 5': { args: ['--limit', '5'] },
  '--sample 5': { args: ['--sample', '5'] },
  '--pilot': { args: ['--pilot'] },
  'every line failed': { script: () => ({ status: 400, error: 'cannot read this image' }) },
};

const changes: Record<string, readonly string[]> = {
  'same settings': [],
  'new prompt': ['extraction.instructions=Name the colours.'],
  'new model': ['vlm.openai.model_name=gpt-4.1', 'vlm.coordinates=qwen3-vl'],
  force: ['workflow.force_reprocess=true'],
  'step 1 alone': ['workflow.steps=["1"]', 'grounding.instructions=Only whole things.'],
};

const table: string[] = [];
let template: string;
let server: StandIn;

beforeAll(async () => {
  template = mkdtempSync(join(tmpdir(), 'groundline-kept-'));
  writeSamples(template, LINES);
  server = await startStandIn({ models: [servedModel, 'gpt-4.1'] });
  const end = await groundline(['generate', 'captions.jsonl', '--out', 'results', ...server.overrides], { cwd: template });
  expect(end.code).toBe(0);
});

afterAll(async () => {
  await server.close();
  rmSync(template, { recursive: true, force: true });
  console.log(['lines before, lines after, lines in stopped/', ...table].join('\n'));
});

describe('a finished folder of 34 lines', () => {
  for (const [ending, { args = [], script, signals = [], deadServer = false, freeBytes }] of Object.entries(endings))
    for (const [change, changed] of Object.entries(changes))
      it(`holds 34 lines after a run with ${change} that ends by ${ending}`, { timeout: 180_000 }, async () => {
        const folder = copyOfTemplate(freeBytes);
        const bad = await startStandIn({ models: [servedModel, 'gpt-4.1'], latencyMs: 40, ...(script && { script }) });
        if (deadServer) await bad.close();
        else onTestFinished(() => bad.close());
        const before = annotations(folder);

        const command = ['generate', 'captions.jsonl', '--out', 'results', ...server.overrides, `vlm.openai.base_url=${bad.url}`];
        const running = start([...command, 'workflow.max_workers=2', ...changed, ...args], { cwd: folder });
        for (const signal of signals) {
          await calledOrEnded(running.process, bad);
          running.process.kill(signal);
          await sleep(30);
        }
        await running.end;

        expect(annotations(folder).length).toBeGreaterThanOrEqual(before.length);
        table.push(`${ending} × ${change}: ${before.length}, ${annotations(folder).length}, ${stoppedLines(folder)}`);
        await expectFree(folder, before);
      });
});

function copyOfTemplate(freeBytes: number | undefined): string {
  const folder = tempFolder();
  if (freeBytes !== undefined) mountSmallDisk(results(folder), freeBytes);
  cpSync(template, folder, { recursive: true });
  return folder;
}

/** A small disk with so many bytes free after the template is copied to it. */
function mountSmallDisk(path: string, freeBytes: number): void {
  mkdirSync(path);
  const used =
    Number(
      spawnSync('du', ['-sB4096', results(template)])
        .stdout.toString()
        .split('\t')[0],
    ) * 4096;
  const { status } = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${used + freeBytes}`, 'tmpfs', path]);
  expect(status, 'this test mounts a small disk, which takes the rights of root').toBe(0);
  onTestFinished(() => void spawnSync('umount', [path]));
}

async function calledOrEnded(child: { readonly exitCode: number | null }, { calls }: StandIn): Promise<void> {
  const deadline = Date.now() + 20_000;
  while (child.exitCode === null && calls.length < 4 && Date.now() < deadline) await sleep(2);
}

/** The old command makes no call and leaves the bytes as they were. */
async function expectFree(folder: string, before: readonly string[]): Promise<void> {
  spawnSync('mount', ['-o', 'remount,size=20m', results(folder)]);
  server.calls.length = 0;
  const end = await groundline(['generate', 'captions.jsonl', '--out', 'results', ...server.overrides], { cwd: folder });
  expect(end).toMatchObject({ code: 0 });
  expect(server.calls).toEqual([]);
  expect(annotations(folder)).toEqual(before);
}

const annotations = (folder: string) =>
  readFileSync(join(results(folder), 'annotations.jsonl'), 'utf8')
    .split('\n')
    .filter(Boolean);

function stoppedLines(folder: string): number | string {
  try {
    return readLines(results(folder), 'stopped/annotations.jsonl').length;
  } catch {
    return '-';
  }
}
