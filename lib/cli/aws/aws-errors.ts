import { UsageError } from '#core/errors.ts';

/** Runs `work` and turns errors of AWS clients into `UsageError`s with a fix. Other errors pass unchanged. */
export async function withAwsErrors<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw explainAwsError(error);
  }
}

function explainAwsError(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const { name, message, $metadata } = error as Error & { $metadata?: { httpStatusCode?: number } };
  if (name === 'CredentialsProviderError' || /Could not load credentials/.test(message))
    return new UsageError(
      'no AWS credentials; fix: run "aws configure sso" or set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY',
      {
        cause: error,
      },
    );
  if (/Region is missing/.test(message))
    return new UsageError('no AWS region; fix: set AWS_REGION, or region in your AWS profile', { cause: error });
  if (/ExpiredToken|RequestExpired|TokenRefreshRequired/.test(name))
    return new UsageError('the AWS session has expired; fix: sign in again (aws sso login)', { cause: error });
  if ($metadata?.httpStatusCode === 403) return new UsageError(`AWS denied the request (${name}): ${message}`, { cause: error });
  return error;
}
