import type { ImageStat, ImageStore } from '#core/ports.ts';

/** A limit of the bytes in memory. */
export interface ByteBudget {
  /** Waits for free bytes, in the order of the requests. A request above the total waits for all of it. */
  reserve(bytes: number, signal: AbortSignal): Promise<void>;
  release(bytes: number): void;
}

/** `total`: the limit in bytes. */
export function createByteBudget(total: number): ByteBudget {
  let free = total;
  const waiting: { readonly bytes: number; start(): void }[] = [];
  const admitWaiting = () => {
    for (let next = waiting[0]; next && next.bytes <= free; next = waiting[0]) {
      waiting.shift();
      free -= next.bytes;
      next.start();
    }
  };
  return {
    async reserve(bytes, signal) {
      signal.throwIfAborted();
      const wanted = Math.min(bytes, total);
      if (waiting.length === 0 && wanted <= free) {
        free -= wanted;
        return;
      }
      await new Promise<void>((resolve, reject) => {
        const entry = {
          bytes: wanted,
          start: () => {
            signal.removeEventListener('abort', cancel);
            resolve();
          },
        };
        const cancel = () => {
          waiting.splice(waiting.indexOf(entry), 1);
          reject(signal.reason);
          admitWaiting();
        };
        signal.addEventListener('abort', cancel, { once: true });
        waiting.push(entry);
      });
    },
    release(bytes) {
      free += Math.min(bytes, total);
      admitWaiting();
    },
  };
}

/** Assumed size of an image without a known size. */
const USUAL_BYTES = 5_000_000;

/** The images as one sample reads them: its reads count against the budget until `release`. `knownBytes`: the size from an earlier step, where `stat` is not called. */
export function withinBudget(images: ImageStore, budget: ByteBudget, knownBytes?: number): { images: ImageStore; release(): void } {
  let held = 0;
  let expected = knownBytes;
  return {
    images: {
      async stat(imagePath, signal): Promise<ImageStat> {
        const found = await images.stat(imagePath, signal);
        expected = found.size;
        return found;
      },
      async read(imagePath, signal) {
        // A sample has one image: its second read needs no further bytes.
        if (held === 0) {
          const bytes = expected ?? USUAL_BYTES;
          await budget.reserve(bytes, signal);
          held = bytes;
        }
        return images.read(imagePath, signal);
      },
    },
    release() {
      if (held > 0) budget.release(held);
      held = 0;
    },
  };
}
