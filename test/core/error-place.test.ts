import { expect, test } from 'vitest';
import { findErrorPlace } from '#core/error-place.ts';

const withStack = (...frames: string[]) => Object.assign(new Error('x'), { stack: ['Error: x', ...frames].join('\n') });

test('the place of an error is the top frame of own code, from the folder of the package on', () => {
  const error = withStack(
    '    at JSON.stringify (<anonymous>)',
    '    at parse (node:internal/x:1:2)',
    '    at inner (/home/me/groundline/node_modules/zod/core.js:10:20)',
    '    at async readAnswer (file:///home/me/groundline/lib/models/adapters/openai.ts:132:9)',
    '    at file:///home/me/groundline/lib/local/run-local.ts:9:1',
  );

  expect(findErrorPlace(error)).toBe('lib/models/adapters/openai.ts:132');
});

test('an error without own frames has the place of its top frame, and one without a stack none', () => {
  expect(findErrorPlace(withStack('    at x (/home/me/node_modules/zod/core.js:10:20)'))).toBe('node_modules/zod/core.js:10');
  expect(findErrorPlace(withStack('    at C:\\Users\\me\\groundline\\dist\\chunk.js:3:4'))).toBe('dist\\chunk.js:3');
  expect(findErrorPlace('thrown text')).toBe('unknown place');
});

test('the place of a real stack overflow is the function that overflows', () => {
  const deep = () => JSON.stringify(JSON.parse('['.repeat(100_000) + ']'.repeat(100_000)));

  const error = (() => {
    try {
      return deep();
    } catch (thrown) {
      return thrown;
    }
  })();

  expect(findErrorPlace(error)).toMatch(/^error-place\.test\.ts:\d+$/);
});
