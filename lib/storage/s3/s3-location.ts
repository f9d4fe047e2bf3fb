import { posix } from 'node:path';
import { SampleError, UsageError } from '#core/errors.ts';

/** A bucket and a key or prefix in it, without slashes at either end. */
export interface S3Location {
  readonly bucket: string;
  readonly key: string;
}

/** Parses `s3://bucket/key`. Throws `UsageError` for anything else. */
export function parseS3(uri: string): S3Location {
  const match = /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:\/(.*))?$/s.exec(uri);
  if (match?.[1] === undefined) throw new UsageError(`expected s3://bucket/key, got "${uri}"`);
  return { bucket: match[1], key: (match[2] ?? '').replace(/\/+$/, '') };
}

/** `s3://bucket/key` of the image path of a line. Relative paths start at `base`, paths with a leading slash at the bucket of `base`. */
export function imageLocation(imagePath: string, base: string): S3Location {
  if (/^https?:\/\//i.test(imagePath))
    throw new SampleError('image_unreadable', `image "${imagePath}": web addresses are not read on AWS; copy the images into the bucket`);
  if (imagePath.startsWith('s3://')) return parseS3(imagePath);
  const { bucket, key } = parseS3(base);
  const path = posix.normalize(imagePath.startsWith('/') ? imagePath.slice(1) : posix.join(key, imagePath));
  if (path.startsWith('..')) throw new SampleError('image_not_found', `image "${imagePath}" points outside the bucket ${bucket}`);
  return { bucket, key: path };
}
