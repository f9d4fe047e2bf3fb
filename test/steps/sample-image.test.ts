import { createHash } from 'node:crypto';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import type { ImageStat, ImageStore } from '#core/ports.ts';
import { openSampleImage } from '#steps/sample-image.ts';
import { plainProfile } from '#test/models/profile.ts';

const limits = { maxBytes: 1e6, maxPixels: 1e6 };
const picture = () =>
  sharp({ create: { width: 40, height: 30, channels: 3, background: 'red' } })
    .jpeg()
    .withMetadata({ orientation: 6 })
    .toBuffer();

/** A store of one image that counts what is asked of it. */
function storeOf(bytes: Uint8Array, stat: Partial<ImageStat> = {}) {
  const asked = { stats: 0, reads: 0 };
  const images: ImageStore = {
    async stat() {
      asked.stats += 1;
      return { size: bytes.length, stamp: 'then', ...stat };
    },
    async read() {
      asked.reads += 1;
      return bytes;
    },
  };
  return { asked, images };
}

describe("a sample's image", () => {
  it('has the hash of its bytes and its upright size as facts', async () => {
    const bytes = await picture();
    const { images } = storeOf(bytes);

    expect(await openSampleImage(images, 'a.jpg', limits).facts()).toEqual({
      identity: createHash('sha256').update(bytes).digest('hex'),
      size: bytes.length,
      stamp: 'then',
      width: 30,
      height: 40,
      orientation: 6,
    });
  });

  it('is inspected once and read once, for any number of uses', async () => {
    const { images, asked } = storeOf(await picture());
    const image = openSampleImage(images, 'a.jpg', limits);

    await image.facts();
    await image.facts();
    const sent = await image.sendable(plainProfile.image);
    expect(await image.sendable(plainProfile.image)).toBe(sent);

    expect(sent).toMatchObject({ width: 30, height: 40 });
    expect(asked).toEqual({ stats: 1, reads: 1 });
  });

  it('is not read while the facts of this step or of an earlier one are valid', async () => {
    const bytes = await picture();
    const facts = await openSampleImage(storeOf(bytes).images, 'a.jpg', limits).facts();
    const { images, asked } = storeOf(bytes);

    expect(await openSampleImage(images, 'a.jpg', limits, facts).facts()).toEqual(facts);
    expect(await openSampleImage(images, 'a.jpg', limits).facts({ recorded: facts })).toEqual(facts);
    expect(asked.reads).toBe(0);

    await openSampleImage(images, 'a.jpg', limits, { ...facts, stamp: 'before' }).facts();
    expect(asked.reads).toBe(1);
  });

  it('is unchanged for a store with content hashes, whatever its time stamp', async () => {
    const bytes = await picture();
    const facts = await openSampleImage(storeOf(bytes, { identity: 'crc64:1' }).images, 'a.jpg', limits).facts();
    const { images, asked } = storeOf(bytes, { identity: 'crc64:1', stamp: 'now' });

    expect(facts.identity).toBe('crc64:1');
    expect(await openSampleImage(images, 'a.jpg', limits, facts).facts()).toEqual({ ...facts, stamp: 'now' });
    expect(asked.reads).toBe(0);
  });

  it('releases its bytes, and reads them again for a later use', async () => {
    const { images, asked } = storeOf(await picture());
    const image = openSampleImage(images, 'a.jpg', limits);
    await image.sendable(plainProfile.image);

    image.release();
    await image.facts();
    await image.sendable(plainProfile.image);

    expect(asked).toEqual({ stats: 1, reads: 2 });
  });
});
