import { SampleError } from '#core/errors.ts';
import type { ImageStore } from '#core/ports.ts';

/**
 * `s3://` images, read with the credentials that the AWS CLI would use.
 * The SDK is loaded for the first such image, since most runs have none.
 */
export function createOwnS3Images({ maxBytes }: { readonly maxBytes: number }): ImageStore {
  let opening: Promise<ImageStore> | undefined;
  const withClientErrors = async <T>(imagePath: string, signal: AbortSignal, work: (images: ImageStore) => Promise<T>): Promise<T> => {
    try {
      opening ??= open(maxBytes);
      return await work(await opening);
    } catch (error) {
      if (signal.aborted || error instanceof SampleError) throw error;
      throw new SampleError('image_unreadable', `image "${imagePath}" cannot be read from S3: ${explain(error)}`, { cause: error });
    }
  };
  return {
    stat: (imagePath, signal) => withClientErrors(imagePath, signal, (images) => images.stat(imagePath, signal)),
    read: (imagePath, signal) => withClientErrors(imagePath, signal, (images) => images.read(imagePath, signal)),
  };
}

/** Resolves credentials once, since a search without result takes seconds. */
async function open(maxBytes: number): Promise<ImageStore> {
  const [{ createS3Client }, { createS3Images }] = await Promise.all([import('./s3-client.ts'), import('./s3-images.ts')]);
  const client = createS3Client();
  await client.config.credentials();
  return createS3Images({
    client,
    base: 's3://none',
    maxBytes,
    whyDenied: 'check that it exists and that these AWS credentials may read it',
  });
}

function explain(error: unknown): string {
  const { name, message } = error instanceof Error ? error : new Error(String(error));
  if (name === 'CredentialsProviderError' || /could not load credentials/i.test(message))
    return 'there are no AWS credentials; run "aws configure sso" or set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY';
  if (/region is missing/i.test(message)) return 'no AWS region is set; set AWS_REGION, or region in your AWS profile';
  if (/Expired|TokenRefresh/.test(name)) return `your AWS session has expired (${name}); sign in again (aws sso login)`;
  return `${name}: ${message}`;
}
