import { randomBytes } from 'node:crypto';

/** A run id that sorts by time: `20261125T091500Z-1f3a`. The random part separates runs of the same second. */
export function createRunId(now: Date): string {
  const time = now.toISOString().replace(/[-:]/g, '').replace(/\.\d+/, '');
  return `${time}-${randomBytes(2).toString('hex')}`;
}
