import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { pythonMissing } from './emulator/install-emulator.ts';
import { startEmulator } from './emulator/start-emulator.ts';
import { hex, listensAt } from './process-sockets.ts';

describe.skipIf(pythonMissing())('the emulator of these tests (needs python3 with venv)', () => {
  it.each([false, true])('listens on one loopback port and leaves nothing behind (TLS and IAM: %s)', async (iam) => {
    const stateBefore = existsSync('/tmp/ministack-state');
    const emulator = await startEmulator({ iam });
    const listening = listensAt(emulator.processGroup);

    await emulator.stop();

    expect(listening).toEqual([`0100007F:${hex(Number(new URL(emulator.endpoint).port))}`]);
    expect(existsSync(emulator.scratch)).toBe(false);
    expect(existsSync('/tmp/ministack-state')).toBe(stateBefore);
    expect(() => process.kill(-emulator.processGroup, 0)).toThrow(/ESRCH/);
  });
});
