import { HeadObjectCommand, type HeadObjectCommandOutput, type S3Client } from '@aws-sdk/client-s3';
import { SampleError, UsageError } from '#core/errors.ts';
import type { ImageStat, ImageStore } from '#core/ports.ts';
import { isS3AccessDenied, isS3Archived, isS3NotFound } from './s3-errors.ts';
import { imageLocation, type S3Location } from './s3-location.ts';
import { readS3Object } from './s3-object.ts';

export interface S3ImagesOptions {
  readonly client: S3Client;
  /** Root of relative image paths, `s3://bucket/prefix`. */
  readonly base: string;
  /** Larger objects are refused before their first byte is read. */
  readonly maxBytes: number;
  /** Suggested checks for denied access. */
  readonly whyDenied?: string;
}

const ON_AWS = "check that it exists and that the bucket is among the environment's imageBuckets";

/** Images as S3 objects: `s3://bucket/key`, `/key` of the base's bucket, or a key relative to the base. */
export function createS3Images({ client, base, maxBytes, whyDenied = ON_AWS }: S3ImagesOptions): ImageStore {
  return {
    async stat(imagePath, signal) {
      const { bucket, key } = locateS3Image(imagePath, base);
      const head = await client
        .send(new HeadObjectCommand({ Bucket: bucket, Key: key, ChecksumMode: 'ENABLED' }), { abortSignal: signal })
        .catch(asSampleError(imagePath, bucket, key, whyDenied));
      return imageStat(head);
    },
    async read(imagePath, signal) {
      const { bucket, key } = locateS3Image(imagePath, base);
      const onReply = ({ ContentLength = 0 }: { ContentLength?: number | undefined }) => checkSize(imagePath, ContentLength, maxBytes);
      const chunks = await Array.fromAsync(readS3Object({ client, bucket, key, signal, onReply })).catch(
        asSampleError(imagePath, bucket, key, whyDenied),
      );
      return Buffer.concat(chunks);
    },
  };
}

/** The object of the image reference of a line. Throws `SampleError` for an invalid reference. */
export function locateS3Image(imagePath: string, base: string): S3Location {
  try {
    return imageLocation(imagePath.replace(/^s3:/i, 's3:'), base);
  } catch (cause) {
    if (!(cause instanceof UsageError)) throw cause;
    throw new SampleError('image_unreadable', `image "${imagePath}" names no object: give s3://bucket/key`, { cause });
  }
}

function checkSize(imagePath: string, size: number, limit: number): void {
  if (size > limit) throw new SampleError('image_too_large', `image "${imagePath}" has ${size} bytes; data.max_image_bytes is ${limit}`);
  if (size === 0) throw new SampleError('image_undecodable', `image "${imagePath}" is empty (0 bytes)`);
}

/** Size, ETag as stamp, and the content hash that S3 guarantees, if any. */
export function imageStat(head: HeadObjectCommandOutput): ImageStat {
  const size = head.ContentLength ?? 0;
  const stamp = head.ETag ?? '';
  const identity = contentIdentity(head, size);
  return identity === undefined ? { size, stamp } : { size, stamp, identity };
}

/**
 * SHA-256 or CRC64NVME of the full object if S3 has one; otherwise the ETag of a single-part SSE-S3 object, which is its MD5.
 * A composite checksum and the ETag of a multipart or KMS-encrypted object do not identify content.
 */
function contentIdentity(head: HeadObjectCommandOutput, size: number): string | undefined {
  const isFullObject = head.ChecksumType !== 'COMPOSITE';
  if (isFullObject && head.ChecksumSHA256 !== undefined && !head.ChecksumSHA256.includes('-')) return `sha256:${head.ChecksumSHA256}`;
  if (isFullObject && head.ChecksumCRC64NVME !== undefined) return `crc64nvme:${head.ChecksumCRC64NVME}-${size}`;
  const etag = head.ETag?.replaceAll('"', '');
  const plain = head.ServerSideEncryption === undefined || head.ServerSideEncryption === 'AES256';
  return plain && etag !== undefined && !etag.includes('-') && head.SSECustomerAlgorithm === undefined ? `etag:${etag}-${size}` : undefined;
}

function asSampleError(imagePath: string, bucket: string, key: string, whyDenied: string) {
  return (error: unknown): never => {
    if (isS3NotFound(error))
      throw new SampleError(
        'image_not_found',
        `image "${imagePath}" not found at s3://${bucket}/${key}; set data.image_root or upload it`,
        {
          cause: error,
        },
      );
    if (isS3Archived(error))
      throw new SampleError('image_unreadable', `image "${imagePath}": s3://${bucket}/${key} is archived; restore it first`, {
        cause: error,
      });
    if (isS3AccessDenied(error))
      throw new SampleError('image_unreadable', `image "${imagePath}": no access to s3://${bucket}/${key}; ${whyDenied}`, { cause: error });
    throw error;
  };
}
