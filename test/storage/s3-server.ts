import { CreateBucketCommand, PutObjectCommand, type S3Client, type S3ClientConfig } from '@aws-sdk/client-s3';
import { afterAll, beforeAll } from 'vitest';
import { createS3Client } from '#storage/s3/s3-client.ts';
import { pythonMissing } from '#test/e2e-aws/emulator/install-emulator.ts';
import { type Emulator, startEmulator } from '#test/e2e-aws/emulator/start-emulator.ts';

/** False if the S3 server of these tests cannot run; the name of the suite shows it. */
export const s3Available = !pythonMissing();

/** An S3 server on loopback for the tests of one file. */
export function serveS3() {
  let emulator: Emulator | undefined;
  let buckets = 0;
  beforeAll(async () => {
    emulator = await startEmulator();
  }, 300_000);
  afterAll(() => emulator?.stop());

  const connect = (config: S3ClientConfig = {}): S3Client =>
    createS3Client({
      endpoint: emulator?.endpoint ?? '',
      region: 'us-east-1',
      credentials: { accessKeyId: '000000000000', secretAccessKey: 'test' },
      forcePathStyle: true,
      ...config,
    });

  return {
    connect,
    async emptyBucket(): Promise<string> {
      const bucket = `bucket-${process.pid}-${buckets++}`;
      await connect().send(new CreateBucketCommand({ Bucket: bucket }));
      return bucket;
    },
    put: (Bucket: string, Key: string, Body: Uint8Array) => connect().send(new PutObjectCommand({ Bucket, Key, Body })),
    endpoint: () => emulator?.endpoint ?? '',
  };
}
