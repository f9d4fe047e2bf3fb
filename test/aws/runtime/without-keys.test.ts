import { expect, test } from 'vitest';
import type { FunctionLog } from '#aws/runtime/function-log.ts';
import { logWithoutKeys, withoutKeys } from '#aws/runtime/without-keys.ts';

const values = () => ['sk-"SECRET"-1'];

test('what a function answers holds no key that it has read, and is the same otherwise', async () => {
  const answer = {
    cause: 'refused: sk-"SECRET"-1',
    run: { plan: 'runs/key-photos/1' },
    batches: [1, null],
    text: JSON.stringify({ a: 'sk-"SECRET"-1' }),
  };

  expect(await withoutKeys(values, async () => answer)).toEqual({ ...answer, cause: 'refused: <key>', text: '{"a":"<key>"}' });
});

test('what a function throws holds no key, in its causes neither', async () => {
  const thrown = new TypeError('header "Bearer sk-"SECRET"-1"', { cause: new Error('sk-"SECRET"-1') });

  const error = await withoutKeys(values, () => Promise.reject(thrown)).catch((caught: TypeError) => caught);

  expect(error).toBe(thrown);
  expect([thrown.message, thrown.stack, (thrown.cause as Error).message].join()).not.toContain('SECRET');
});

test('what a function logs holds no key', () => {
  const lines: unknown[] = [];
  const log = (message: string, facts?: object) => void lines.push(message, facts);
  const functionLog: FunctionLog = { debug: log, info: log, warn: log, error: log, count: () => {} };

  logWithoutKeys(functionLog, values).warn('sample failed: sk-"SECRET"-1', { reason: 'sk-"SECRET"-1', line: 3 });

  expect(lines).toEqual(['sample failed: <key>', { reason: '<key>', line: 3 }]);
});
