import type { z } from 'zod';
import type { FileStore } from '#core/ports.ts';
import { readByteLines } from '#input/byte-lines.ts';

/** A position in a file of JSON lines, with the parsed line at it. */
export interface JsonCursor<T> {
  /** `undefined` at the end. */
  readonly value: T | undefined;
  /** Byte offset of the current line; the length of the file at the end. */
  readonly offset: number;
  next(): Promise<void>;
}

/** Opens a file at the byte offset of a line. */
export async function openJsonLines<T>(files: FileStore, path: string, schema: z.ZodType<T>, from: number): Promise<JsonCursor<T>> {
  const lines = readByteLines(files.read(path, { start: from }));
  let value: T | undefined;
  let offset = from;
  let end = from;
  const next = async () => {
    const { value: line, done } = await lines.next();
    offset = done ? end : from + line.offset;
    if (!done) end = from + line.offset + line.length + 1;
    value = done ? undefined : schema.parse(JSON.parse(line.bytes.toString('utf8')));
  };
  await next();
  return {
    get value() {
      return value;
    },
    get offset() {
      return offset;
    },
    next,
  };
}
