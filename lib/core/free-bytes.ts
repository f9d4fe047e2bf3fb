/** Smaller ones may be cut out of memory that others share. */
const SMALLEST = 16 * 1024;

/**
 * Gives the memory of bytes back at once; they are empty afterwards. V8 looks for dead buffers only when 64 MB of them have gathered.
 * Only for bytes that nobody will look at again, a request on its way included.
 */
export function freeBytes(bytes: Uint8Array): void {
  const { buffer, byteLength } = bytes;
  if (byteLength < SMALLEST || buffer.byteLength !== byteLength || !(buffer instanceof ArrayBuffer)) return;
  if (!buffer.detached) buffer.transfer(0);
}
