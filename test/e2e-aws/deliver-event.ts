import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { inject } from 'vitest';
import { dev } from './cloud.ts';
import { installEmulator } from './emulator/install-emulator.ts';

/** Delivers the event of an uploaded object so many times more; what start-run answered to each. */
export async function deliverUploadEvent(key: string, times: number): Promise<{ status: string }[]> {
  const script = join(import.meta.dirname, 'emulator', 'deliver_event.py');
  const env = { ...process.env, ...inject('deployed')?.env, AWS_DEFAULT_REGION: 'us-east-1' };
  const { stdout } = await promisify(execFile)(await installEmulator(), [script, dev.bucket, key, String(times)], { env });
  return JSON.parse(stdout) as { status: string }[];
}
