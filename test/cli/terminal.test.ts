/** The real command on a real pseudo-terminal, which Node itself cannot make. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, onTestFinished, test } from 'vitest';
import { type StandInOptions, startStandIn } from '#test/models/stand-in.ts';
import { tempFolder } from '#test/storage/temp-folder.ts';
import { groundline, readJson, readLines, writeSamples } from './command-line.ts';
import { hasPseudoTerminals, type RunningInTerminal, startInTerminal } from './pseudo-terminal.ts';

const timeout = 60_000;
const SAMPLES = 12;
/** A run that redraws for ever prints this much in a second. */
const A_LOT = 100_000;
const summary = /12 samples done\r\n24 calls, cost unknown\r\nresults: results\r\n/;

interface TerminalOptions {
  readonly env?: Record<string, string>;
  prepare?(folder: string): void;
}

async function runInTerminal(options: StandInOptions, { env = {}, prepare }: TerminalOptions = {}) {
  const folder = tempFolder();
  writeSamples(folder, SAMPLES);
  prepare?.(folder);
  const server = await startStandIn(options);
  onTestFinished(() => server.close());
  const args = ['generate', 'captions.jsonl', '--out', 'results', ...server.overrides, 'workflow.max_workers=2'];
  const cli = fileURLToPath(new URL('../../bin/groundline.js', import.meta.url));
  const running = await startInTerminal([process.execPath, cli, ...args], { cwd: folder, env });
  onTestFinished(() => running.kill('SIGKILL'));
  const grounding = async (calls: number) => {
    while (server.calls.filter(({ step }) => step === 'step_1').length < calls && !running.ended) await sleep(10);
  };
  return { folder, args, server, running, grounding };
}

/** `script`, `docker run -t` and notebooks start commands on such terminals. */
describe.skipIf(!hasPseudoTerminals)('a terminal of size 0 × 0 (needs python3 with its pty module)', () => {
  test('shows the end of a run and little else', { timeout }, async () => {
    const { running } = await runInTerminal({ latencyMs: 50 });

    const { code, printed } = await running.end;

    expect(printed).toMatch(summary);
    expect(printed.length).toBeLessThan(500);
    expect(code).toBe(0);
  });

  test('ends a run as well when it gets that size during the run', { timeout }, async () => {
    const { running } = await runInTerminal({ latencyMs: 100 });
    running.resize(24, 80);
    await running.printed(' of 12 done');

    running.resize(0, 0);
    const { code, printed } = await running.end;

    expect(printed).toMatch(summary);
    expect(printed.length).toBeLessThan(A_LOT);
    expect(code).toBe(0);
  });

  test.each([
    ['Ctrl-C', (running: RunningInTerminal) => running.interrupt()],
    ['SIGTERM', (running: RunningInTerminal) => running.kill('SIGTERM')],
  ])('%s keeps the work, and the same command goes on from there', { timeout }, async (_, stop) => {
    const { folder, args, server, running, grounding } = await runInTerminal({ latencyMs: 100 });
    await grounding(4);

    stop(running);
    const { code, printed } = await running.end;

    const done = readLines(folder, 'results', 'annotations.jsonl').length;
    expect(printed).toContain('Stopping… finished work is saved.');
    expect({ code, run: readJson(folder, 'results', 'run.json') }).toMatchObject({
      code: 130,
      run: { counts: { done, pending: SAMPLES - done } },
    });
    expect(done).toBeGreaterThan(0);
    const again = await groundline(args, { cwd: folder });
    expect(again).toMatchObject({ code: 0, stdout: expect.stringContaining('12 samples done') });
    expect(server.billed).toHaveLength(24);
  });

  test('a second Ctrl-C does not wait for the calls in flight', { timeout }, async () => {
    const { server, running } = await runInTerminal(
      { until: new Promise(() => {}) },
      { prepare: (folder) => rmSync(join(folder, 'img', '0.png')) }, // a failed line, so that there is progress to show
    );
    while (server.calls.length === 0 && !running.ended) await sleep(10);
    running.interrupt();
    await running.printed('stopping');

    const before = performance.now();
    running.interrupt();
    const { code } = await running.end;

    expect(code).toBe(130);
    expect(performance.now() - before).toBeLessThan(5000); // calls in flight would get ten seconds
  });
});

describe.skipIf(!hasPseudoTerminals)('progress on a terminal (needs python3 with its pty module)', () => {
  test('is one line that is redrawn', { timeout }, async () => {
    const { running } = await runInTerminal({ latencyMs: 100 });
    running.resize(24, 80);

    const { printed } = await running.end;

    expect(printed).toContain(' of 12 done');
    expect(printed.split('\n')).toHaveLength(4);
  });

  test('is not redrawn where the line does not fit', { timeout }, async () => {
    const { running } = await runInTerminal({ latencyMs: 100 });
    running.resize(24, 1);

    expect((await running.end).printed).not.toContain('\x1b[1A');
  });

  test('is not a line for each sample where lines cannot be redrawn', { timeout }, async () => {
    const { running } = await runInTerminal({ latencyMs: 100 }, { env: { TERM: 'dumb' } });
    running.resize(24, 80);

    const { printed } = await running.end;

    expect(printed).toMatch(summary);
    expect(printed.split('\n').length).toBeLessThan(SAMPLES);
  });
});
