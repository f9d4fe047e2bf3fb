import { availableParallelism } from 'node:os';

/** Pictures decoded at the same time: a large one takes a hundred megabytes, and more than the processors can do gains nothing. */
const TOGETHER = Math.max(1, Math.min(4, availableParallelism()));

const waiting: (() => void)[] = [];
let busy = 0;

/** Does the work when fewer than `TOGETHER` others are at theirs. */
export async function limitConcurrency<T>(work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
  if (busy >= TOGETHER) await new Promise<void>((go) => waiting.push(go));
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
