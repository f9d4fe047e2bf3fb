import { expect, test } from 'vitest';
import { chooseLines } from '#input/choose-lines.ts';
import { createConcurrencyLimit } from '#local/concurrency.ts';
import { processLines } from '#local/process-lines.ts';
import { createCallGate } from '#pipeline/call-gate.ts';
import { realClock } from '#test/models/real-clock.ts';

const LINES = 500;
const text = Array.from({ length: LINES }, (_, index) => `${JSON.stringify({ image_path: `${index}.png`, caption: 'a red car' })}\n`);

async function* oneChunk() {
  yield Buffer.from(text.join(''));
}

const noImages = { stat: () => Promise.reject(new Error('not asked for')), read: () => Promise.reject(new Error('not asked for')) };

test('lines that need no call do not block signals and timers', async () => {
  let completed = 0;
  let completedBefore = LINES;
  setImmediate(() => (completedBefore = completed));

  const plan = {
    input: { path: 'captions.jsonl', kind: 'captions' as const, open: oneChunk, lines: LINES, sha256: '', bytes: 0 },
    choice: chooseLines({ seed: 0 }, LINES),
    imageBase: '',
  };
  await processLines(plan, {
    images: noImages,
    order: { put: () => {}, flushed: async () => {}, end: async () => {}, close: () => {} },
    gate: createCallGate({ clock: realClock }),
    concurrency: createConcurrencyLimit({ most: 8, least: 4, bytes: 1 }),
    clock: realClock,
    processSample: async () => ({}),
    onCompleted: () => completed++,
  });

  expect(completed).toBe(LINES);
  expect(completedBefore).toBeLessThan(100);
});
