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

test('lines that need no call leave signals and timers their turn', async () => {
  let settled = 0;
  let settledBefore = LINES;
  setImmediate(() => (settledBefore = settled));

  await processLines({
    plan: {
      input: { path: 'captions.jsonl', kind: 'captions', open: oneChunk, lines: LINES, sha256: '', bytes: 0 },
      choice: chooseLines({ seed: 0 }, LINES),
      imageBase: '',
    },
    images: noImages,
    order: { put: () => {}, flushed: async () => {}, end: async () => {}, close: () => {} },
    gate: createCallGate({ clock: realClock }),
    concurrency: createConcurrencyLimit({ most: 8, least: 4, bytes: 1 }),
    clock: realClock,
    processSample: async () => ({}),
    onCompleted: () => settled++,
  });

  expect(settled).toBe(LINES);
  expect(settledBefore).toBeLessThan(100);
});
