/** Smaller arrays may be parts of a shared buffer. */
const SMALLEST = 16 * 1024;

/**
 * Frees the memory of bytes at once; they are empty afterwards. V8 collects dead buffers only after 64 MB.
 * Only for bytes without any further reader, running requests included.
 */
export function freeBytes(bytes: Uint8Array): void {
  const { buffer, byteLength } = bytes;
  if (byteLength < SMALLEST || buffer.byteLength !== byteLength || !(buffer instanceof ArrayBuffer)) return;
  if (!buffer.detached) buffer.transfer(0);
}
