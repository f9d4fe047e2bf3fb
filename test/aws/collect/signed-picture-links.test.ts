import { S3Client } from '@aws-sdk/client-s3';
import { expect, test } from 'vitest';
import { signPictureLinks } from '#aws/collect/signed-picture-links.ts';
import { SampleError } from '#core/errors.ts';
import type { ImageStore } from '#core/ports.ts';

const now = Date.parse('2026-11-25T08:00:00Z');
const credentials = (expiration?: Date) => ({ accessKeyId: 'AKIA', secretAccessKey: 'secret', ...(expiration && { expiration }) });
const client = (expiration?: Date) => new S3Client({ region: 'eu-west-1', credentials: credentials(expiration) });

/** An image store with the named images. */
const holding = (...names: string[]): ImageStore => ({
  stat: async (name) => {
    if (!names.includes(name)) throw new SampleError('image_not_found', 'not here');
    return { size: 1, stamp: '1' };
  },
  read: () => Promise.reject(new Error('links need no bytes')),
});

const base = 's3://pictures/inputs/d';

test('a picture in the bucket has a signed link with its expiry', async () => {
  const link = await signPictureLinks({ client: client(), imageRoots: { base }, images: holding(), now: () => now })('img/a b.jpg');

  expect(link?.href).toMatch(
    /^https:\/\/pictures\.s3\.eu-west-1\.amazonaws\.com\/inputs\/d\/img\/a%20b\.jpg\?.*X-Amz-Expires=43200.*X-Amz-Signature=/,
  );
  expect(link?.lapses).toBe('2026-11-25T20:00:00.000Z');
});

test('a link expires with the credentials that signed it', async () => {
  const hour = new Date(now + 3_600_000);

  const link = await signPictureLinks({ client: client(hour), imageRoots: { base }, images: holding(), now: () => now })('a.jpg');

  expect(link?.lapses).toBe(hour.toISOString());
});

test('a link leads to the picture below image_root, otherwise in the input folder', async () => {
  const imageRoots = { base: 's3://pictures/root', fallbackRoot: base };
  const linkTo = signPictureLinks({ client: client(), imageRoots, images: holding('here.jpg'), now: () => now });

  expect((await linkTo('here.jpg'))?.href).toContain('.com/root/here.jpg?');
  expect((await linkTo('there.jpg'))?.href).toContain('.com/inputs/d/there.jpg?');
});

test('a web address, a path out of the bucket and a malformed address have no link', async () => {
  const linkTo = signPictureLinks({ client: client(), imageRoots: { base }, images: holding(), now: () => now });

  expect(await linkTo('https://example.com/a.jpg')).toBeUndefined();
  expect(await linkTo('../../../a.jpg')).toBeUndefined();
  expect(await linkTo('s3://')).toBeUndefined();
  expect(await linkTo('s3://UPPER_CASE/a.jpg')).toBeUndefined();
});

test('the object of a relative path is checked, since the run may have read another one', async () => {
  const looked: unknown[] = [];
  const isImage = async (location: object) => {
    looked.push(location);
    return false;
  };
  const linkTo = signPictureLinks({ client: client(), imageRoots: { base }, images: holding(), isImage, now: () => now });

  expect(await linkTo('a.jpg')).toBeUndefined();
  expect((await linkTo('s3://other/a.jpg'))?.href).toContain('//other.s3.');
  expect((await linkTo('/a.jpg'))?.href).toContain('//pictures.s3.');
  expect(looked).toEqual([{ bucket: 'pictures', key: 'inputs/d/a.jpg' }]);
});
