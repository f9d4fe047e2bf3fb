import { S3ServiceException } from '@aws-sdk/client-s3';

/** A missing object: `NoSuchKey` of GET, `NotFound` of HEAD (which has no body to say more). */
export function isS3NotFound(error: unknown): boolean {
  return error instanceof S3ServiceException && (error.name === 'NoSuchKey' || error.name === 'NotFound' || error.name === 'NoSuchVersion');
}

/** A range that begins at or after the end of the object. */
export function isRangeNotSatisfiable(error: unknown): boolean {
  return error instanceof S3ServiceException && error.$metadata.httpStatusCode === 416;
}

/** S3 says 403 for a missing object too where listing is not granted. */
export function isS3AccessDenied(error: unknown): boolean {
  return error instanceof S3ServiceException && error.$metadata.httpStatusCode === 403;
}
