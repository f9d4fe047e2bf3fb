import { describe, expect, it } from 'vitest';
import { findCallTimeoutMs, watchDeadline } from '#aws/batch/deadline.ts';
import type { RunCoordinator } from '#aws/run-state/run-coordinator.ts';
import { RunStopError } from '#core/errors.ts';
import { Settings } from '#core/settings.ts';
import { createCallGate } from '#pipeline/call-gate.ts';
import { createFakeClock } from '#test/models/fake-clock.ts';

/** A function of 900 seconds whose batch is watched; `call` makes a call and returns the second at which it finished or was aborted. */
function open({ functionMs = 900_000, callMs = 60_000 } = {}) {
  const clock = createFakeClock();
  const gate = createCallGate({ clock });
  const coordinator: { stopped: RunStopError | undefined; pausedUntil: number } = { stopped: undefined, pausedUntil: 0 };
  const context = { cloud: { clock }, remainingMs: () => functionMs - clock.now() };
  watchDeadline({ gate, coordinator: coordinator as RunCoordinator, context, callMs }, new AbortController().signal);
  const call = async (ms: number) => {
    const send = () =>
      clock.sleep(ms, gate.signal).then(
        () => 'finished',
        () => 'aborted',
      );
    const end = await gate.attempt(send).catch(() => 'not started');
    return `${end} at ${Math.floor(clock.now() / 1000)}`;
  };
  return { clock, gate, coordinator, call };
}

describe('time of a batch', () => {
  it('lets calls in flight finish at a long pause, and starts none', async () => {
    const { clock, coordinator, call } = open();
    const slow = call(110_000);

    coordinator.pausedUntil = 60_000;
    await clock.advance(1_000);

    expect(await call(1)).toBe('not started at 1');
    await clock.advance(120_000);
    expect(await slow).toBe('finished at 110');
  });

  it('aborts calls in flight before the function ends', async () => {
    const { clock, coordinator, call } = open();
    const endless = call(2_000_000);
    coordinator.pausedUntil = 60_000;
    await clock.advance(900_000);

    expect(await endless).toBe('aborted at 885');
  });

  it.each([
    [60_000, 900_000, 780],
    [120_000, 900_000, 765],
    [300_000, 900_000, 585],
    [3_600_000, 900_000, 450],
    [60_000, 1_500, 0],
  ])('begins calls that may take %i ms, in a function of %i ms, until second %i', async (callMs, functionMs, second) => {
    const { clock, gate } = open({ callMs, functionMs });
    await clock.advance(second * 1_000);
    expect(gate.stopped).toBeUndefined();
    await clock.advance(1_500);
    expect(gate.stopped).toBeDefined();
  });

  it('aborts calls ten seconds after a stop, even after the start of a pause', async () => {
    const { clock, coordinator, call } = open();
    const slow = call(100_000);
    coordinator.pausedUntil = 60_000;
    await clock.advance(5_000);

    coordinator.stopped = new RunStopError('interrupted', 'the execution was aborted');
    await clock.advance(20_000);

    expect(await slow).toBe('aborted at 15');
  });

  it('finds the timeout of each step', () => {
    const settings = Settings.parse({ vlm: { backend: 'openai', openai: { timeout: 90 }, grounding: { openai: { timeout: 300 } } } });

    expect(findCallTimeoutMs(settings, 'step_0')).toBe(90_000);
    expect(findCallTimeoutMs(settings, 'step_1')).toBe(300_000);
  });
});
