import { availableParallelism } from 'node:os';
import pLimit from 'p-limit';

/** Pictures decoded at the same time: a large one takes a hundred megabytes, and more than one per processor is no faster. */
const limit = pLimit(Math.max(1, Math.min(4, availableParallelism())));

/** Runs the work when a place is free. Throws the reason of an abort that comes before its start. */
export function limitConcurrency<T>(work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
  return limit(() => {
    signal?.throwIfAborted();
    return work();
  });
}
