import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import { createOwnS3Images } from '#storage/s3/own-s3-images.ts';
import { tempFolder } from '../temp-folder.ts';

const { signal } = new AbortController();

beforeEach(() => {
  // No settings of the user, and no search for the credentials of a cloud machine.
  const folder = tempFolder();
  const none = { AWS_PROFILE: undefined, AWS_ACCESS_KEY_ID: undefined, AWS_SECRET_ACCESS_KEY: undefined, AWS_SESSION_TOKEN: undefined };
  for (const [name, value] of Object.entries(none)) vi.stubEnv(name, value);
  vi.stubEnv('AWS_CONFIG_FILE', `${folder}/config`);
  vi.stubEnv('AWS_SHARED_CREDENTIALS_FILE', `${folder}/credentials`);
  vi.stubEnv('AWS_EC2_METADATA_DISABLED', 'true');
  vi.stubEnv('AWS_REGION', 'us-east-1');
});
afterEach(() => {
  vi.unstubAllEnvs();
});

/** A minimal S3 for reads: `/bucket/img/a.jpg` exists, `/bucket/closed.jpg` is denied. */
async function serveBucket(): Promise<void> {
  const server = createServer(({ url = '', method }, response) => {
    const [path] = url.split('?');
    const status = path === '/bucket/img/a.jpg' ? 200 : path === '/bucket/closed.jpg' ? 403 : 404;
    response.writeHead(status, status === 200 ? { 'content-length': 5, etag: '"e"' } : {});
    response.end(status === 200 && method === 'GET' ? 'bytes' : undefined);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  vi.stubEnv('AWS_ENDPOINT_URL_S3', `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'id');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'secret');
}

test('s3:// images are read with the credentials of the environment', async () => {
  await serveBucket();
  const images = createOwnS3Images({ maxBytes: 100 });

  expect(await images.stat('s3://bucket/img/a.jpg', signal)).toMatchObject({ size: 5, stamp: '"e"' });
  expect(Buffer.from(await images.read('S3://bucket/img/a.jpg', signal)).toString()).toBe('bytes');
});

test.each([
  ['s3://bucket/no.jpg', 'image_not_found', /not found at s3:\/\/bucket\/no\.jpg/],
  ['s3://bucket/closed.jpg', 'image_unreadable', /these AWS credentials may read it/],
  ['s3://Not_A_Bucket/a.jpg', 'image_unreadable', /names no object: give s3:\/\/bucket\/key/],
])('%s fails its line with the reason', async (imagePath, code, message) => {
  await serveBucket();

  await expect(createOwnS3Images({ maxBytes: 100 }).stat(imagePath, signal)).rejects.toMatchObject({ name: 'SampleError', code, message });
});

test('without credentials a line fails with a suggested fix', async () => {
  const images = createOwnS3Images({ maxBytes: 100 });

  await expect(images.stat('s3://bucket/a.jpg', signal)).rejects.toMatchObject({
    name: 'SampleError',
    code: 'image_unreadable',
    message: expect.stringContaining('there are no AWS credentials; run "aws configure sso"'),
  });
});
