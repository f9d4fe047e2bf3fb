import { expect, it } from 'vitest';
import { plainCause } from '#aws/collect/collect-outcome.ts';

it('has a cause on one line that needs no escapes in JSON', () => {
  const cause = plainCause('image "a\\b.jpg" not found:\n\tstart {"input":"s3://b/k"}');

  expect(cause).toBe("image 'a'b.jpg' not found: start {'input':'s3://b/k'}");
  expect(JSON.parse(`"${cause}"`)).toBe(cause);
});
