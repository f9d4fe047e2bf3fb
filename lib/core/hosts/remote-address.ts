/** Whether a text begins as an address does (`https://`, `s3://`, `file://`), unlike a path. */
export function isRemoteAddress(text: string): boolean {
  return /^[a-z][a-z0-9+.-]*:\/\//i.test(text);
}

/** Whether a reference stands by itself: an address or an absolute POSIX path. */
export function isAbsoluteReference(reference: string): boolean {
  return reference.startsWith('/') || isRemoteAddress(reference);
}
