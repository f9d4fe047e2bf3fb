import { expect, test } from 'vitest';
import { plainCause, readableCause } from '#aws/collect/collect-outcome.ts';

test('a cause is one line that needs no escapes in JSON', () => {
  const cause = plainCause('image "a\\b.jpg" not found:\n\tstart {"input":"s3://b/k"}');

  expect(cause).toBe("image 'a'b.jpg' not found: start {'input':'s3://b/k'}");
  expect(JSON.parse(`"${cause}"`)).toBe(cause);
});

test.each([
  ['{"errorType":"Runtime.ExitError","errorMessage":"signal: killed","trace":[]}', 'Runtime.ExitError: signal: killed'],
  ['{"errorMessage":"out of memory"}', 'error: out of memory'],
  ['{"other":1}', '{"other":1}'],
  ['not JSON', 'not JSON'],
  [undefined, ''],
])('the cause %s is read as %j', (cause, message) => {
  expect(readableCause(cause)).toBe(message);
});
