/** How many samples are under way at once, and how many bytes of images they hold. */
export interface ConcurrencyLimit {
  /** Resolves when another sample may begin. */
  enter(): Promise<void>;
  leave(): void;
  hold(bytes: number): void;
  release(bytes: number): void;
  /** Resolves when nobody is inside. */
  empty(): Promise<void>;
}

export interface ConcurrencyLimitOptions {
  /** Samples at most: more than calls, since some read an image or wait out a refusal. */
  readonly most: number;
  /** As many may be inside whatever they hold. */
  readonly least: number;
  /** Bytes of images above which nobody else is let in. */
  readonly bytes: number;
}

export function createConcurrencyLimit({ most, least, bytes: limit }: ConcurrencyLimitOptions): ConcurrencyLimit {
  const queue: (() => void)[] = [];
  let idle: (() => void)[] = [];
  let inside = 0;
  let held = 0;
  const free = () => inside < least || (inside < most && held < limit);
  const pump = () => {
    while (queue.length > 0 && free()) {
      inside++;
      queue.shift()?.();
    }
    if (inside > 0) return;
    for (const resolve of idle) resolve();
    idle = [];
  };
  return {
    async enter() {
      if (queue.length > 0 || !free()) return new Promise<void>((resolve) => queue.push(resolve));
      inside++;
    },
    leave() {
      inside--;
      pump();
    },
    hold(bytes) {
      held += bytes;
    },
    release(bytes) {
      held -= bytes;
      pump();
    },
    empty: () => (inside === 0 ? Promise.resolve() : new Promise<void>((resolve) => idle.push(resolve))),
  };
}
