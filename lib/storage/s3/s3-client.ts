import { S3Client, type S3ClientConfig } from '@aws-sdk/client-s3';

/** Concurrent connections to S3: images of all calls in flight, and two uploads of two parts each. */
const maxSockets = 128;

/** An S3 client for many concurrent requests. It retries throttled requests (`SlowDown`) with jitter, follows buckets to other regions and times out idle connections. */
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
