import type { Clock } from '#core/ports.ts';

/** A clock that jumps to the next timer as soon as no other work remains. */
export function createFakeClock(): Clock & { advance(ms: number): Promise<void> } {
  let now = 0;
  let sleepers: { at: number; wake: () => void }[] = [];

  const runMicrotasks = async () => {
    for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
  };

  return {
    now: () => now,
    sleep(ms, signal) {
      return new Promise((resolve, reject) => {
        const sleeper = { at: now + ms, wake: resolve };
        const leave = () => {
          sleepers = sleepers.filter((other) => other !== sleeper);
          reject(signal.reason);
        };
        if (signal.aborted) return leave();
        signal.addEventListener('abort', leave, { once: true });
        sleepers.push(sleeper);
      });
    },
    async advance(ms) {
      const end = now + ms;
      for (;;) {
        await runMicrotasks();
        const next = sleepers.toSorted((a, b) => a.at - b.at)[0];
        if (!next || next.at > end) break;
        now = Math.max(now, next.at);
        sleepers = sleepers.filter((other) => other !== next);
        next.wake();
      }
      now = end;
      await runMicrotasks();
    },
  };
}
