import type { ImageStat, ImageStore } from '#core/ports.ts';

/** Bytes that may be held at a time. */
export interface ByteBudget {
  /** Waits until there is room. What is larger than the whole budget waits for all of it. */
  take(bytes: number, signal: AbortSignal): Promise<void>;
  give(bytes: number): void;
}

export function createByteBudget(total: number): ByteBudget {
  let free = total;
  const waiting: { readonly bytes: number; go(): void }[] = [];
  const serve = () => {
    for (let next = waiting[0]; next && next.bytes <= free; next = waiting[0]) {
      waiting.shift();
      free -= next.bytes;
      next.go();
    }
  };
  return {
    async take(bytes, signal) {
      signal.throwIfAborted();
      const wanted = Math.min(bytes, total);
      if (waiting.length === 0 && wanted <= free) {
        free -= wanted;
        return;
      }
      await new Promise<void>((resolve, reject) => {
        const entry = {
          bytes: wanted,
          go: () => {
            signal.removeEventListener('abort', leave);
            resolve();
          },
        };
        const leave = () => {
          waiting.splice(waiting.indexOf(entry), 1);
          reject(signal.reason);
          serve();
        };
        signal.addEventListener('abort', leave, { once: true });
        waiting.push(entry);
      });
    },
    give(bytes) {
      free += Math.min(bytes, total);
      serve();
    },
  };
}

/** Where the size of an image is not known before it is read. */
const USUAL_BYTES = 5_000_000;

/** One sample's view of the images: what it reads counts against the budget until `release`. `knownBytes` is the size where a look at the image is spared. */
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
        // A sample has one image; a second read of it is covered by what is held already.
        if (held === 0) {
          const bytes = expected ?? USUAL_BYTES;
          await budget.take(bytes, signal);
          held = bytes;
        }
        return images.read(imagePath, signal);
      },
    },
    release() {
      if (held > 0) budget.give(held);
      held = 0;
    },
  };
}
