import { PutObjectCommand } from '@aws-sdk/client-s3';
import { describe, expect, it } from 'vitest';
import { createS3Images, imageStat } from '#storage/s3/s3-images.ts';
import { faultyProxy } from '../faulty-proxy.ts';
import { describeImageStore } from '../images-contract.ts';
import { s3Available, serveS3 } from '../s3-server.ts';

const { signal } = new AbortController();
const head = { $metadata: {}, ContentLength: 3, ETag: '"900150983cd24fb0d6963f7d28e17f72"' };

describe('the identity of an S3 image', () => {
  it('is the SHA-256 of the full object if S3 has it', () => {
    expect(
      imageStat({ ...head, ChecksumSHA256: 'ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=', ChecksumType: 'FULL_OBJECT' }).identity,
    ).toBe('sha256:ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=');
  });

  it('is the full-object CRC64NVME with the size, also of a multipart KMS object', () => {
    const stat = imageStat({
      ...head,
      ETag: '"x-2"',
      ChecksumCRC64NVME: 'BYyEIlUGVFs=',
      ChecksumType: 'FULL_OBJECT',
      ServerSideEncryption: 'aws:kms',
    });

    expect(stat.identity).toBe('crc64nvme:BYyEIlUGVFs=-3');
  });

  it('is the ETag of a single-part object under S3 keys, which is its MD5', () => {
    expect(imageStat({ ...head, ServerSideEncryption: 'AES256' }).identity).toBe('etag:900150983cd24fb0d6963f7d28e17f72-3');
  });

  it.each([
    ['the ETag of a multipart object', { ETag: '"900150983cd24fb0d6963f7d28e17f72-2"' }],
    ['the ETag of an object under a KMS key', { ServerSideEncryption: 'aws:kms' as const }],
    ['the ETag of an object under two KMS layers', { ServerSideEncryption: 'aws:kms:dsse' as const }],
    ['the ETag of an object under a key of the customer', { SSECustomerAlgorithm: 'AES256' }],
    ['a checksum of checksums', { ETag: '"x-2"', ChecksumSHA256: 'abc=-2', ChecksumType: 'COMPOSITE' as const }],
  ])('is not %s', (_, answer) => {
    expect(imageStat({ ...head, ...answer }).identity).toBeUndefined();
  });
});

describe.skipIf(!s3Available)('with an S3 server (needs python3 with venv)', () => {
  const s3 = serveS3();

  describeImageStore('a bucket', async () => {
    const bucket = await s3.emptyBucket();
    const images = createS3Images({ client: s3.connect(), base: `s3://${bucket}/inputs/d`, maxBytes: 1000 });
    return { images, put: async (reference, bytes) => void (await s3.put(bucket, `inputs/d/${reference}`, bytes)) };
  });

  describe('images in S3', () => {
    it('are resolved by bucket and key, from the bucket, or from the base', async () => {
      const [bucket, other] = [await s3.emptyBucket(), await s3.emptyBucket()];
      await s3.put(bucket, 'inputs/d/a.jpg', Buffer.from('base'));
      await s3.put(bucket, 'shared/a.jpg', Buffer.from('bucket'));
      await s3.put(other, 'a//b.jpg', Buffer.from('other'));
      const images = createS3Images({ client: s3.connect(), base: `s3://${bucket}/inputs/d/`, maxBytes: 1000 });
      const read = async (path: string) => Buffer.from(await images.read(path, signal)).toString();

      expect(await read('./a.jpg')).toBe('base');
      expect(await read('/shared/a.jpg')).toBe('bucket');
      expect(await read('../../shared/a.jpg')).toBe('bucket');
      expect(await read(`s3://${other}/a//b.jpg`)).toBe('other');
    });

    it('are refused outside the bucket and on the web', async () => {
      const images = createS3Images({ client: s3.connect(), base: 's3://bucket/d', maxBytes: 1000 });

      await expect(images.read('../../a.jpg', signal)).rejects.toMatchObject({ code: 'image_not_found' });
      await expect(images.read('https://example.com/a.jpg', signal)).rejects.toMatchObject({ code: 'image_unreadable' });
    });

    it('have one identity for equal bytes at any key, by the checksum of their upload', async () => {
      const bucket = await s3.emptyBucket();
      const put = (Key: string, text: string) =>
        s3.connect().send(new PutObjectCommand({ Bucket: bucket, Key, Body: Buffer.from(text), ChecksumAlgorithm: 'SHA256' }));
      await put('a.jpg', 'same');
      await put('copy/b.jpg', 'same');
      await put('c.jpg', 'other');
      const images = createS3Images({ client: s3.connect(), base: `s3://${bucket}`, maxBytes: 1000 });
      const identity = async (path: string) => (await images.stat(path, signal)).identity;

      expect(await identity('a.jpg')).toMatch(/^sha256:/);
      expect(await identity('copy/b.jpg')).toBe(await identity('a.jpg'));
      expect(await identity('c.jpg')).not.toBe(await identity('a.jpg'));
    });

    it('are complete after a connection that breaks halfway', async () => {
      const bucket = await s3.emptyBucket();
      const bytes = Buffer.alloc(300_000, 'pixels');
      await s3.put(bucket, 'a.jpg', bytes);
      const { url } = await faultyProxy(s3.endpoint(), { cutAfter: 100_000, cuts: 2 });
      const images = createS3Images({ client: s3.connect({ endpoint: url }), base: `s3://${bucket}`, maxBytes: 1_000_000 });

      expect(Buffer.compare(Buffer.from(await images.read('a.jpg', signal)), bytes)).toBe(0);
    });

    it('fail the sample when the bucket is denied, with a suggested fix', async () => {
      const { url } = await faultyProxy(s3.endpoint(), {
        fault: (_method, _url, response) => {
          response.writeHead(403, { 'content-type': 'application/xml' });
          response.end('<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>');
          return true;
        },
      });
      const images = createS3Images({ client: s3.connect({ endpoint: url }), base: 's3://theirs/d', maxBytes: 1000 });

      for (const attempt of [images.stat('a.jpg', signal), images.read('a.jpg', signal)])
        await expect(attempt).rejects.toMatchObject({ code: 'image_unreadable', message: expect.stringContaining('imageBuckets') });
    });

    it('stop the caller, not the sample, when credentials are wrong', async () => {
      const { url } = await faultyProxy(s3.endpoint(), {
        fault: (_method, _url, response) => {
          response.writeHead(403, { 'content-type': 'application/xml' });
          response.end('<Error><Code>InvalidAccessKeyId</Code><Message>unknown key</Message></Error>');
          return true;
        },
      });
      const images = createS3Images({ client: s3.connect({ endpoint: url }), base: 's3://theirs/d', maxBytes: 1000 });

      await expect(images.read('a.jpg', signal)).rejects.toMatchObject({ name: 'InvalidAccessKeyId' });
    });

    it('stop when the caller aborts', async () => {
      const bucket = await s3.emptyBucket();
      const { url } = await faultyProxy(s3.endpoint(), { fault: () => true });
      const images = createS3Images({ client: s3.connect({ endpoint: url }), base: `s3://${bucket}`, maxBytes: 1000 });
      const stop = new AbortController();

      const reading = images.read('a.jpg', stop.signal);
      stop.abort();

      await expect(reading).rejects.toMatchObject({ name: 'AbortError' });
    });
  });
});
