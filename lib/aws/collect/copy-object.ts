import {
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  type S3Client,
  UploadPartCopyCommand,
} from '@aws-sdk/client-s3';

export interface CopyOptions {
  readonly client: S3Client;
  readonly bucket: string;
  readonly from: string;
  readonly to: string;
  readonly bytes: number;
  /** Larger objects are copied in parts of this size. @default 1 GiB (the limit of S3 is 5 GiB) */
  readonly partBytes?: number;
}

/** Parts copied at the same time. */
const CONCURRENCY = 8;

/** Copies an object within its bucket. S3 copies the bytes; none pass through the function. */
export async function copyObject({ client, bucket, from, to, bytes, partBytes = 1024 ** 3 }: CopyOptions): Promise<void> {
  const CopySource = `${bucket}/${from.split('/').map(encodeURIComponent).join('/')}`;
  const target = { Bucket: bucket, Key: to };
  if (bytes <= partBytes) {
    await client.send(new CopyObjectCommand({ ...target, CopySource }));
    return;
  }
  const { UploadId } = await client.send(new CreateMultipartUploadCommand(target));
  const count = Math.ceil(bytes / partBytes);
  const parts: { PartNumber: number; ETag: string | undefined }[] = [];
  const copyPart = async (index: number) => {
    const CopySourceRange = `bytes=${index * partBytes}-${Math.min(bytes, (index + 1) * partBytes) - 1}`;
    const { CopyPartResult } = await client.send(
      new UploadPartCopyCommand({ ...target, CopySource, CopySourceRange, UploadId, PartNumber: index + 1 }),
    );
    parts[index] = { PartNumber: index + 1, ETag: CopyPartResult?.ETag };
  };
  for (let start = 0; start < count; start += CONCURRENCY)
    await Promise.all(Array.from({ length: Math.min(CONCURRENCY, count - start) }, (_, index) => copyPart(start + index)));
  await client.send(new CompleteMultipartUploadCommand({ ...target, UploadId, MultipartUpload: { Parts: parts } }));
}
