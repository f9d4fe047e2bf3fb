import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createOrderedWriter } from '#local/ordered-writer.ts';
import type { LineResult } from '#output/line-result.ts';
import { tempFolder } from '#test/storage/temp-folder.ts';

const line = (text: string): LineResult => ({ failure: { code: 'model_error', text } });

function collecting(memory?: number) {
  const spillPath = join(tempFolder(), '.spill');
  const left: string[] = [];
  const emit = async ({ failure }: LineResult) => void left.push(failure?.text ?? '');
  return { spillPath, left, order: createOrderedWriter({ emit, spillPath, ...(memory === undefined ? {} : { memory }) }) };
}

test('lines are emitted in input order, and lines without a result add nothing', async () => {
  const { order, left } = collecting();

  order.put(2, line('c'));
  order.put(1, undefined);
  order.put(3, line('d'));
  order.put(0, line('a'));
  await order.flushed();

  expect(left).toEqual(['a', 'c', 'd']);
});

test('lines above the memory limit wait on disk, and are emitted unchanged', async () => {
  const { order, left, spillPath } = collecting(2000);
  const texts = Array.from({ length: 200 }, (_, index) => `line ${index} é🐕`);

  for (let index = 199; index > 0; index--) order.put(index, line(texts[index] as string));
  expect(existsSync(spillPath)).toBe(true);
  order.put(0, line(texts[0] as string));
  await order.flushed();
  order.close();

  expect(left).toEqual(texts);
  expect(existsSync(spillPath)).toBe(false);
});

test('an error while a line is emitted is thrown', async () => {
  const emit = async () => Promise.reject(new Error('disk full'));
  const order = createOrderedWriter({ emit, spillPath: join(tempFolder(), '.spill') });

  order.put(0, line('a'));

  await expect(order.flushed()).rejects.toThrow('disk full');
});

test('a line that arrives as the last one is emitted is emitted too', async () => {
  const { order, left } = collecting();

  for (let index = 0; index < 300; index++) {
    order.put(index, line(String(index)));
    for (let turn = 0; turn < index % 7; turn++) await undefined;
  }
  await order.end();

  expect(left).toEqual(Array.from({ length: 300 }, (_, index) => String(index)));
});

test('a missing index is an error at the end', async () => {
  const { order } = collecting();

  order.put(1, line('b'));

  await expect(order.end()).rejects.toThrow(/1 completed lines wait for line 1/);
});
