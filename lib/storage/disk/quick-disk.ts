/** A disk that is asked on this thread as long as it answers at once. */
export interface QuickDisk {
  /** `now` if the disk has lately been quick, else `later`, through the thread pool. */
  ask<T>(now: () => T, later: () => Promise<T>): Promise<T>;
}

const QUICK_MS = 1;
/** Questions that go through the thread pool after a slow answer: few after the first, which may be chance, twice as many after each that follows. */
const PATIENCE = { least: 8, most: 512 };

/** On a disk of this machine a trip through the thread pool takes many times as long as the work itself; on a network disk nothing may wait for it. */
export function createQuickDisk(clock: { now(): number } = performance): QuickDisk {
  let patience = PATIENCE.least;
  let pooled = 0;
  const judge = (ms: number) => {
    if (ms <= QUICK_MS) patience = PATIENCE.least;
    else {
      pooled = patience;
      patience = Math.min(PATIENCE.most, 2 * patience);
    }
  };
  return {
    async ask(now, later) {
      if (pooled > 0) {
        pooled--;
        return later();
      }
      const before = clock.now();
      try {
        return now();
      } finally {
        judge(clock.now() - before);
      }
    },
  };
}
