import { describe, expect, it } from 'vitest';
import { createByteBudget, withinBudget } from '#aws/batch/byte-budget.ts';
import type { ImageStore } from '#core/ports.ts';

const { signal } = new AbortController();

/** Images whose names are their sizes. */
function namedSizes(): ImageStore & { held: number; most: number } {
  return {
    held: 0,
    most: 0,
    stat: async (path) => ({ size: Number(path), stamp: path }),
    async read(path) {
      this.held += Number(path);
      this.most = Math.max(this.most, this.held);
      return new Uint8Array(0);
    },
  };
}

describe('bytes of images in flight', () => {
  it('never exceed the budget, however many samples are in progress', async () => {
    const images = namedSizes();
    const budget = createByteBudget(100);
    const take = async (size: number) => {
      const mine = withinBudget(images, budget);
      await mine.images.stat(`${size}`, signal);
      await mine.images.read(`${size}`, signal);
      await new Promise((resolve) => setTimeout(resolve, 1));
      images.held -= size;
      mine.release();
    };

    await Promise.all(Array.from({ length: 60 }, (_, index) => take(10 + (index % 5) * 15)));

    expect(images.most).toBeLessThanOrEqual(100);
    expect(images.most).toBeGreaterThan(50);
  });

  it('include an image above the total budget, alone', async () => {
    const budget = createByteBudget(100);
    await budget.reserve(500, signal);
    let entered = false;
    const next = budget.reserve(1, signal).then(() => {
      entered = true;
    });

    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(entered).toBe(false);
    budget.release(500);
    await next;
  });

  it('are not reserved for aborted samples', async () => {
    const budget = createByteBudget(10);
    await budget.reserve(10, signal);
    const stop = new AbortController();
    const waiting = budget.reserve(5, stop.signal);

    stop.abort(new Error('stopped'));

    await expect(waiting).rejects.toThrow('stopped');
    budget.release(10);
    await budget.reserve(10, signal);
  });
});
