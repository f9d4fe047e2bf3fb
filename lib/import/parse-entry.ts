import type { z } from 'zod';
import { UsageError } from '#core/errors.ts';

/** Reads one entry of a data set. Throws `UsageError` with the name of the first wrong field. */
export function parseEntry<T>(schema: z.ZodType<T>, value: unknown, source: string, what: string): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new UsageError(
    `${source}: one of its ${what} has an unexpected form: "${issue?.path.join('.')}" ${issue?.message.toLowerCase()}; is it another format?`,
  );
}
