import { S3Client, type S3ClientConfig } from '@aws-sdk/client-s3';

/** Connections to S3 at a time: images of all calls in flight, and two uploads of two parts. */
const maxSockets = 128;

/** An S3 client for many requests at once: waits out throttling (`SlowDown`) with jitter, follows buckets into other regions, gives up on silent connections. */
export function createS3Client(config: S3ClientConfig = {}): S3Client {
  return new S3Client({
    maxAttempts: 8,
    followRegionRedirects: true,
    requestHandler: {
      connectionTimeout: 5_000,
      requestTimeout: 60_000,
      throwOnRequestTimeout: true,
      httpsAgent: { maxSockets },
      httpAgent: { maxSockets },
    },
    ...config,
  });
}
