import { availableParallelism } from 'node:os';
import pLimit from 'p-limit';

/** Number of pictures decoded at the same time: a large one takes a hundred megabytes, and more pictures than processors are no faster. */
const limit = pLimit(Math.max(1, Math.min(4, availableParallelism())));

/** Runs the work when a place is free. Throws the reason of a signal that is aborted before the start, and the errors of the work. */
export function limitConcurrency<T>(work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
  return limit(() => {
    signal?.throwIfAborted();
    return work();
  });
}
