import { UsageError } from '#core/errors.ts';

/** What went wrong with AWS in words that help; anything that is not AWS's as it is. */
export async function withAwsErrors<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw explained(error);
  }
}

function explained(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const { name, message, $metadata } = error as Error & { $metadata?: { httpStatusCode?: number } };
  if (name === 'CredentialsProviderError' || /Could not load credentials/.test(message))
    return new UsageError(
      'no AWS credentials: run "aws configure sso" or set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY',
      {
        cause: error,
      },
    );
  if (/Region is missing/.test(message))
    return new UsageError('no AWS region: set AWS_REGION, or region in your AWS profile', { cause: error });
  if (/ExpiredToken|RequestExpired|TokenRefreshRequired/.test(name))
    return new UsageError('your AWS session has expired: sign in again (aws sso login)', { cause: error });
  if ($metadata?.httpStatusCode === 403) return new UsageError(`AWS does not allow this (${name}): ${message}`, { cause: error });
  return error;
}
