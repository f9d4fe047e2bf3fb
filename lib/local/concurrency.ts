import pLimit from 'p-limit';

/** Limits the samples in progress, and the bytes of images that they hold. */
export interface ConcurrencyLimit {
  /** Starts the work when a place is free. Resolves when it has started; `work` handles its own errors. */
  start(work: () => Promise<void>): Promise<void>;
  hold(bytes: number): void;
  release(bytes: number): void;
}

export interface ConcurrencyLimitOptions {
  /** Maximum number of samples in progress. It exceeds the number of calls, since some samples read an image or wait after a refusal. */
  readonly most: number;
  /** Number of samples that may be in progress whatever they hold. */
  readonly least: number;
  /** Bytes of images from which on only `least` samples may be in progress. */
  readonly bytes: number;
}

export function createConcurrencyLimit({ most, least, bytes: limitBytes }: ConcurrencyLimitOptions): ConcurrencyLimit {
  const limit = pLimit(most);
  let held = 0;
  const changeHeld = (bytes: number) => {
    held += bytes;
    const allowed = held < limitBytes ? most : least;
    if (allowed !== limit.concurrency) limit.concurrency = allowed;
  };
  return {
    start: (work) =>
      new Promise((resolve) => {
        void limit(() => {
          resolve();
          return work();
        });
      }),
    hold: (bytes) => changeHeld(bytes),
    release: (bytes) => changeHeld(-bytes),
  };
}
