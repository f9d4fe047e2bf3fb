import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { inject } from 'vitest';
import { dev } from './cloud.ts';
import { installEmulator } from './emulator/install-emulator.ts';

/** Delivers the event of an uploaded object `times` more. */
export async function deliverUploadEvent(key: string, times: number): Promise<void> {
  const script = join(import.meta.dirname, 'emulator', 'deliver_event.py');
  const env = { ...process.env, ...inject('deployed')?.env, AWS_DEFAULT_REGION: 'us-east-1' };
  await promisify(execFile)(await installEmulator(), [script, dev.bucket, key, String(times)], { env });
}
