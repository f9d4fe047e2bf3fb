import { S3ServiceException } from '@aws-sdk/client-s3';

/** A missing object, version or bucket. HEAD answers have no body, so the status is all they say. */
export function isS3NotFound(error: unknown): boolean {
  return readStatus(error) === 404;
}

/** A range that begins at or after the end of the object. */
export function isRangeNotSatisfiable(error: unknown): boolean {
  return readStatus(error) === 416;
}

/** S3 says 403 for a missing object too where listing is not granted. Wrong or expired credentials are not meant: no object can be read with them. */
export function isS3AccessDenied(error: unknown): boolean {
  return readStatus(error) === 403 && !(error instanceof Error && /AccessKey|Signature|Token|TimeTooSkewed/.test(error.name));
}

/** An object in an archive tier, which has to be restored before it can be read. */
export function isS3Archived(error: unknown): boolean {
  return error instanceof S3ServiceException && error.name === 'InvalidObjectState';
}

function readStatus(error: unknown): number | undefined {
  return error instanceof S3ServiceException ? error.$metadata.httpStatusCode : undefined;
}
