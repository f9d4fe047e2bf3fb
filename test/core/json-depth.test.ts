import { expect, test } from 'vitest';
import { isTooDeep, MAX_JSON_DEPTH } from '#core/json-depth.ts';

const nested = (levels: number) => '['.repeat(levels) + ']'.repeat(levels);

test('a text is too deep from one level above the limit on, whatever its brackets are', () => {
  expect(isTooDeep(nested(MAX_JSON_DEPTH))).toBe(false);
  expect(isTooDeep(nested(MAX_JSON_DEPTH + 1))).toBe(true);
  expect(isTooDeep('{"a":'.repeat(MAX_JSON_DEPTH + 1))).toBe(true);
});

test('brackets that are closed again, or stand in a string, are no levels', () => {
  expect(isTooDeep(`[${'[],'.repeat(2000)}1]`)).toBe(false);
  expect(isTooDeep(JSON.stringify({ text: `\\"${'['.repeat(2000)}"` }))).toBe(false);
  expect(isTooDeep(`["\\\\",${nested(2000)}]`)).toBe(true);
});
