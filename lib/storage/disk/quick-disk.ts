/** A disk with synchronous access as long as it is fast. */
export interface QuickDisk {
  /** Runs `now` if the disk was fast recently, otherwise `later`, in the thread pool. */
  run<T>(now: () => T, later: () => Promise<T>): Promise<T>;
}

const QUICK_MS = 1;
/** Requests that use the thread pool after a slow one: 8 after the first, twice as many after each further slow one. */
const POOLED_REQUESTS = { least: 8, most: 512 };

/** On a local disk, the thread pool takes many times as long as the request itself. On a network disk, the thread must not block. */
export function createQuickDisk(clock: { now(): number } = performance): QuickDisk {
  let pooledRequests = POOLED_REQUESTS.least;
  let pooled = 0;
  const updatePool = (ms: number) => {
    if (ms <= QUICK_MS) pooledRequests = POOLED_REQUESTS.least;
    else {
      pooled = pooledRequests;
      pooledRequests = Math.min(POOLED_REQUESTS.most, 2 * pooledRequests);
    }
  };
  return {
    async run(now, later) {
      if (pooled > 0) {
        pooled--;
        return later();
      }
      const before = clock.now();
      try {
        return now();
      } finally {
        updatePool(clock.now() - before);
      }
    },
  };
}
