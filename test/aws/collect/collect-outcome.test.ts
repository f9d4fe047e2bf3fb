import { expect, it } from 'vitest';
import { plainCause } from '#aws/collect/collect-outcome.ts';

it('gives a cause that fits into a JSON text as it is, on one line', () => {
  const cause = plainCause('image "a\\b.jpg" not found:\n\tstart {"input":"s3://b/k"}');

  expect(cause).toBe("image 'a'b.jpg' not found: start {'input':'s3://b/k'}");
  expect(JSON.parse(`"${cause}"`)).toBe(cause);
});
