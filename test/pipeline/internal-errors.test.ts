import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { composeOverrides } from '#cli/spec-options.ts';
import { systemClock } from '#cli/system-clock.ts';
import { RunStopError, StorageError, UsageError } from '#core/errors.ts';
import type { CheckpointStore } from '#core/ports.ts';
import { openRunCheckpoints } from '#local/run-checkpoints.ts';
import { runLocal } from '#local/run-local.ts';
import { connectModels } from '#models/connect.ts';
import { createInternalErrors } from '#pipeline/internal-errors.ts';
import { loadSpec } from '#spec/load-spec.ts';
import { createDirectoryFiles } from '#storage/disk/directory-files.ts';
import { createLocalImages } from '#storage/local-images.ts';
import { readJson, readLines, writeInput, writeSamples } from '#test/cli/command-line.ts';
import { startStandIn } from '#test/models/stand-in.ts';
import { tempFolder } from '#test/storage/temp-folder.ts';

/** Runs the captions in `folder`, with checkpoints that the test may break. */
async function runWith(folder: string, breakIt: (checkpoints: CheckpointStore) => Partial<CheckpointStore>) {
  const server = await startStandIn();
  onTestFinished(() => server.close());
  const results = join(folder, 'results');
  const { settings } = loadSpec({
    overrides: composeOverrides([join(folder, 'captions.jsonl'), ...server.overrides], { out: results }),
    env: () => undefined,
  });
  const stored = openRunCheckpoints(results, settings);
  const { stopped } = await runLocal(
    { settings, version: 'test', runId: 'run', clock: systemClock, wallClock: Date.now, signal: new AbortController().signal },
    {
      images: (inputFolder) => createLocalImages({ settings: settings.data, inputFolder, notice: () => {} }),
      connect: (attemptMiddleware, signal) =>
        connectModels(
          { settings, keys: {}, maxWorkers: 4, clock: systemClock, random: Math.random, notice: () => {}, attemptMiddleware },
          signal,
        ),
    },
    {
      results: createDirectoryFiles(results),
      checkpoints: { ...stored, ...breakIt(stored) },
      replace: false,
      notice: () => {},
      notices: [],
    },
  );
  return {
    server,
    stopped: stopped?.reason,
    failures: readLines<{ _groundline: { line: number; step: string; code: string; message: string } }>(results, 'failed.jsonl').map(
      ({ _groundline }) => _groundline,
    ),
    counts: readJson<{ counts: object }>(results, 'run.json').counts,
    done: readLines(results, 'annotations.jsonl').length,
  };
}

/** Simulates a fault in the code: a TypeError for the chosen samples. */
const failingFor = (isChosen: (sampleId: string) => boolean) => (stored: CheckpointStore) => ({
  latest: async (...[sampleId, step]: Parameters<CheckpointStore['latest']>) => {
    if (step === 'step_1' && isChosen(sampleId)) throw new TypeError('x is not a function');
    return stored.latest(sampleId, step);
  },
});

test('an unexpected error fails its sample alone, and the message names its place', async () => {
  const folder = tempFolder();
  writeSamples(folder, 12);

  const { stopped, failures, counts, done } = await runWith(
    folder,
    failingFor((sampleId) => sampleId.startsWith('3-')),
  );

  expect(stopped).toBeUndefined();
  expect(counts).toMatchObject({ done: 11, failed: 1, pending: 0 });
  expect(done).toBe(11);
  expect(failures).toEqual([
    expect.objectContaining({
      line: 4,
      step: 'step_1',
      code: 'internal_error',
      message: expect.stringMatching(/^unexpected error at [\w.-]+\.ts:\d+: got "x is not a function", .*; fix: /),
    }),
  ]);
});

test('equal lines share no internal error: each of them is tried', async () => {
  const folder = tempFolder();
  const line = { image_path: 'a.png', caption: 'a red car' };
  writeInput(folder, [line, line, line], ['a.png']);
  let looks = 0;

  const { failures, counts } = await runWith(
    folder,
    failingFor(() => looks++ === 0),
  );

  expect(failures.map((failure) => [failure.line, failure.code])).toEqual([[1, 'internal_error']]);
  expect(counts).toMatchObject({ done: 2, failed: 1 });
});

test('ten samples in a row that fail at the same place stop the run, and the other lines are pending', async () => {
  const folder = tempFolder();
  writeSamples(folder, 40);

  const { stopped, failures, counts } = await runWith(
    folder,
    failingFor(() => true),
  );

  expect(stopped).toMatchObject({
    name: 'RunStopError',
    reason: 'internal_error',
    message: expect.stringContaining('x is not a function'),
  });
  expect(failures.map(({ code }) => code)).toEqual(Array(9).fill('internal_error'));
  expect(counts).toMatchObject({ done: 0, failed: 9, pending: 31 });
});

test('a checkpoint that cannot be written stops the run at once', async () => {
  const folder = tempFolder();
  writeSamples(folder, 20);
  const full = () => ({ put: () => Promise.reject(new StorageError('cannot write x (EIO)')) });

  const { stopped, failures, server } = await runWith(folder, full);

  expect(stopped).toMatchObject({ message: 'cannot write x (EIO)' });
  expect(failures).toEqual([]);
  expect(server.calls.length).toBeLessThanOrEqual(4 + 4);
});

describe('internal errors of a step', () => {
  const errors = (stopped?: { reason: unknown }) => createInternalErrors({ stopped });
  const thrownAt = (line: number) => Object.assign(new Error('x'), { stack: `Error: x\n    at f (/p/lib/a.ts:${line}:1)` });

  test('stop the run only where all of ten in a row are from one place', () => {
    const { failureFor, interrupt } = errors();
    for (let i = 0; i < 9; i++) expect(failureFor(thrownAt(1))).toMatchObject({ code: 'internal_error' });
    interrupt();
    for (let i = 0; i < 9; i++) failureFor(thrownAt(1));
    failureFor(thrownAt(2));
    for (let i = 0; i < 9; i++) failureFor(thrownAt(1));

    expect(() => failureFor(thrownAt(1))).toThrow(/^10 samples in a row failed at the same place: unexpected error at lib\/a\.ts:1/);
  });

  test.each([new RunStopError('interrupted', 'stop'), new StorageError('no disk'), new UsageError('no folder')])(
    'rethrow an error of the run: %o',
    (error) => {
      expect(() => errors().failureFor(error)).toThrow(error);
    },
  );

  test('rethrow every error after a stop: the interrupted samples are pending', () => {
    const aborted = new DOMException('cut off', 'AbortError');

    expect(() => errors({ reason: new Error('stop') }).failureFor(aborted)).toThrow(aborted);
  });
});
