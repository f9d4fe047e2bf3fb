import { expect, test } from 'vitest';
import { RunStopError } from '#core/errors.ts';
import { createCallGate } from '#pipeline/call-gate.ts';
import { realClock } from '#test/models/real-clock.ts';

const clock = realClock;

test('after a stop no call starts, and one in flight may end', async () => {
  const gate = createCallGate({ clock });
  let finish: (text: string) => void = () => {};
  const inFlight = gate.attempt(() => new Promise<string>((resolve) => (finish = resolve)));

  gate.stop(new RunStopError('interrupted', 'stop'), 60_000);

  await expect(gate.attempt(async () => 'late')).rejects.toThrow('stop');
  expect(gate.signal.aborted).toBe(false);
  finish('reply');
  expect(await inFlight).toBe('reply');
  expect(gate.signal.aborted).toBe(true);
});

test('a call that does not end within the grace time is aborted', async () => {
  const gate = createCallGate({ clock });
  const cutOff = new Promise((resolve) => gate.signal.addEventListener('abort', resolve));
  gate.attempt(() => new Promise(() => {}));

  gate.stop(new Error('stop'), 20);

  await cutOff;
});

test('a limit is checked before every call, and stops the run with its reason', async () => {
  let spent = 0;
  const gate = createCallGate({ clock, limit: () => (spent >= 2 ? new RunStopError('budget_reached', 'used up') : undefined) });
  const call = () => gate.attempt(async () => ++spent);

  await call();
  await call();

  await expect(call()).rejects.toThrow('used up');
  expect(spent).toBe(2);
  expect(gate.stopped?.reason).toMatchObject({ reason: 'budget_reached' });
});

test('the first reason to stop is the one that counts', () => {
  const gate = createCallGate({ clock });

  gate.stop(new Error('first'), 0);
  gate.stop(new Error('second'), 0);

  expect(() => gate.check()).toThrow('first');
});
