import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Clock } from '#core/ports.ts';

interface Timer {
  readonly at: number;
  /** Keeps timers of the same time in the order in which they were set. */
  readonly order: number;
  readonly wake: () => void;
  cancelled: boolean;
}

/** A clock whose time jumps to the next timer as soon as no other work is left. */
export interface VirtualTime extends Clock {
  /** Runs timers until `work` is done. Throws when no timer is left before that. */
  runUntil<T>(work: Promise<T>): Promise<T>;
}

/** Virtual time from 0 on, in milliseconds. An hour of it lasts as long as the computation in it. */
export function createVirtualTime(): VirtualTime {
  const heap: Timer[] = [];
  let now = 0;
  let order = 0;

  return {
    now: () => now,
    sleep(ms, signal) {
      return new Promise((resolve, reject) => {
        if (signal.aborted) return reject(signal.reason);
        const cancel = () => {
          timer.cancelled = true;
          reject(signal.reason);
        };
        const wake = () => {
          signal.removeEventListener('abort', cancel);
          resolve();
        };
        const timer: Timer = { at: now + ms, order: order++, wake, cancelled: false };
        signal.addEventListener('abort', cancel, { once: true });
        push(heap, timer);
      });
    },
    async runUntil(work) {
      let isDone = false;
      const done = work.finally(() => {
        isDone = true;
      });
      done.catch(() => {}); // reported to the caller below
      for (;;) {
        await nextTurn();
        if (isDone) return done;
        const timer = pop(heap);
        if (!timer) throw new Error('the simulation waits for something that no timer ends');
        if (timer.cancelled) continue;
        now = timer.at;
        timer.wake();
      }
    },
  };
}

const isBefore = (a: Timer, b: Timer) => a.at < b.at || (a.at === b.at && a.order < b.order);

/** Adds to a binary heap. */
function push(heap: Timer[], timer: Timer): void {
  let index = heap.push(timer) - 1;
  while (index > 0) {
    const parent = (index - 1) >> 1;
    const above = heap[parent] as Timer;
    if (!isBefore(timer, above)) break;
    heap[index] = above;
    index = parent;
  }
  heap[index] = timer;
}

/** Removes the earliest timer of a binary heap. */
function pop(heap: Timer[]): Timer | undefined {
  const first = heap[0];
  const last = heap.pop();
  if (!last || heap.length === 0) return first;
  let index = 0;
  for (;;) {
    let child = 2 * index + 1;
    if (child >= heap.length) break;
    if (child + 1 < heap.length && isBefore(heap[child + 1] as Timer, heap[child] as Timer)) child += 1;
    if (!isBefore(heap[child] as Timer, last)) break;
    heap[index] = heap[child] as Timer;
    index = child;
  }
  heap[index] = last;
  return first;
}
