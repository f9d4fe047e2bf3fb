import { describe, expect, it } from 'vitest';
import { SampleError } from '#core/errors.ts';
import type { ImageStore } from '#core/ports.ts';

/** A store with a limit of 1,000 bytes per image, and a function that puts an object for a `reference`. */
export interface OpenedImages {
  readonly images: ImageStore;
  put(reference: string, bytes: Uint8Array): Promise<void>;
}

/** The contract of every `ImageStore`. `open` gives an empty store that refuses more than 1,000 bytes. */
export function describeImageStore(name: string, open: () => Promise<OpenedImages>): void {
  const { signal } = new AbortController();

  describe(`${name} as an image store`, () => {
    it('returns the bytes and their number', async () => {
      const { images, put } = await open();
      await put('img/a.jpg', Uint8Array.of(1, 2, 255, 0));

      expect(Buffer.from(await images.read('img/a.jpg', signal))).toEqual(Buffer.from([1, 2, 255, 0]));
      expect((await images.stat('img/a.jpg', signal)).size).toBe(4);
    });

    it('gives equal content equal stamps and other content other stamps', async () => {
      const { images, put } = await open();
      await put('a.jpg', Uint8Array.of(1, 2, 3));
      const first = await images.stat('a.jpg', signal);
      const again = await images.stat('a.jpg', signal);
      await new Promise((resolve) => setTimeout(resolve, 20));

      await put('a.jpg', Uint8Array.of(3, 2, 1));

      expect(again).toEqual(first);
      expect((await images.stat('a.jpg', signal)).stamp).not.toBe(first.stamp);
    });

    it('accepts names with spaces, quotes, percent signs and emoji', async () => {
      const { images, put } = await open();
      const odd = 'img/a b%20c\'d"🚗+.jpg';
      await put(odd, Uint8Array.of(7));

      expect(Buffer.from(await images.read(odd, signal))).toEqual(Buffer.from([7]));
    });

    it('fails the sample, not the run, for a missing image', async () => {
      const { images } = await open();

      for (const attempt of [images.stat('no.jpg', signal), images.read('no.jpg', signal)]) {
        const error = await attempt.catch((reason: unknown) => reason);
        expect(error).toBeInstanceOf(SampleError);
        expect(error).toMatchObject({ code: 'image_not_found', message: expect.stringContaining('"no.jpg"') });
      }
    });

    it('refuses an image over the limit', async () => {
      const { images, put } = await open();
      await put('big.jpg', new Uint8Array(1001));

      await expect(images.read('big.jpg', signal)).rejects.toMatchObject({ name: 'SampleError', code: 'image_too_large' });
    });
  });
}
