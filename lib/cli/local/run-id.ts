import { randomBytes } from 'node:crypto';

/** `20261125T091500Z-1f3a`: sorts by time, and two runs of one second differ. */
export function createRunId(now: Date): string {
  const time = now.toISOString().replace(/[-:]/g, '').replace(/\.\d+/, '');
  return `${time}-${randomBytes(2).toString('hex')}`;
}
