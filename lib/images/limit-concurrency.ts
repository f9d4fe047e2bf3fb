import { availableParallelism } from 'node:os';

/** Number of pictures decoded at the same time: a large one takes a hundred megabytes, and more than the processors gain nothing. */
const LIMIT = Math.max(1, Math.min(4, availableParallelism()));

const waiting: (() => void)[] = [];
let busy = 0;

/** Runs the work as soon as fewer than `LIMIT` others run. Throws the reason of an aborted signal, and the errors of the work. */
export async function limitConcurrency<T>(work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
  if (busy >= LIMIT) await new Promise<void>((start) => waiting.push(start));
  else busy += 1;
  try {
    signal?.throwIfAborted();
    return await work();
  } finally {
    const next = waiting.shift();
    if (next) next();
    else busy -= 1;
  }
}
