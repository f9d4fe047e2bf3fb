import { S3ServiceException } from '@aws-sdk/client-s3';

/** A missing object, version or bucket. A reply to HEAD has no body, so only the status is checked. */
export function isS3NotFound(error: unknown): boolean {
  return readStatus(error) === 404;
}

/** A range that begins at or after the end of the object. */
export function isRangeNotSatisfiable(error: unknown): boolean {
  return readStatus(error) === 416;
}

/** Denied access to one object. Without permission to list, S3 returns 403 for a missing object too. Wrong or expired credentials do not count: they deny every object. */
export function isS3AccessDenied(error: unknown): boolean {
  return readStatus(error) === 403 && !(error instanceof Error && /AccessKey|Signature|Token|TimeTooSkewed/.test(error.name));
}

/** An object in an archive tier, which must be restored before it can be read. */
export function isS3Archived(error: unknown): boolean {
  return error instanceof S3ServiceException && error.name === 'InvalidObjectState';
}

function readStatus(error: unknown): number | undefined {
  return error instanceof S3ServiceException ? error.$metadata.httpStatusCode : undefined;
}
