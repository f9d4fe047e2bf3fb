import { isUtf8 } from 'node:buffer';
import type { FailureCode } from '#core/errors.ts';
import { isTooDeep, MAX_JSON_DEPTH } from '#core/json-depth.ts';
import { type ByteLine, MAX_LINE_BYTES } from './byte-lines.ts';

export type Fields = Readonly<Record<string, unknown>>;

/** The object of a line, or the reason why it has none with the text to show. */
export type ParsedLine = { readonly fields: Fields } | { readonly code: FailureCode; readonly problem: string; readonly raw: string };

declare global {
  interface JSON {
    /** A value that is written as this text. Source: TC39 "JSON.parse source text access". */
    rawJSON(text: string): object;
    isRawJSON(value: unknown): boolean;
  }
}

/** Numbers that may change when parsed and written again: many digits, fractions, exponents. */
const FRAGILE_NUMBER = /\d{16}|\d\.\d|\d[eE][+-]?\d|-0/;

/** Reads one line of JSON. `JSON.stringify` writes its numbers exactly as the line does. */
export function parseLine({ bytes, length }: ByteLine): ParsedLine {
  const raw = bytes.toString('utf8');
  const invalid = (problem: string): ParsedLine => ({ code: 'invalid_line', problem, raw });
  if (length > MAX_LINE_BYTES) return invalid(`longer than 1 MiB (${length} bytes)`);
  if (!isUtf8(bytes)) return invalid(utf16(bytes) ?? 'not UTF-8 text');
  if (isTooDeep(raw))
    return {
      code: 'line_too_deep',
      problem: `nested too deep: got more than ${MAX_JSON_DEPTH} levels of lists and objects; fix: remove the deep field`,
      raw,
    };
  try {
    const value: unknown = JSON.parse(raw);
    if (!isObject(value)) return invalid(`not a JSON object but ${describeType(value)}`);
    return { fields: FRAGILE_NUMBER.test(raw) ? parseRecord(raw) : value };
  } catch (error) {
    return invalid(`not JSON (${shorten((error as Error).message)})`);
  }
}

/** Parses the text of an object. `JSON.stringify` writes its numbers exactly as the text does. Throws `SyntaxError`. */
export function parseRecord(text: string): Fields {
  return JSON.parse(text, asWritten as (key: string, value: unknown) => unknown) as Fields;
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The type of a value in words, for messages. */
export function describeType(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'an object';
  return { string: 'text', number: 'a number', boolean: 'true or false' }[typeof value as string] ?? 'nothing';
}

function asWritten(_key: string, value: unknown, context: { source?: string }): unknown {
  return typeof value === 'number' && context.source !== undefined && String(value) !== context.source
    ? JSON.rawJSON(context.source)
    : value;
}

/** Every other byte of Latin text is zero in UTF-16. */
function utf16(bytes: Buffer): string | undefined {
  const mark = bytes.length >= 2 ? bytes.readUInt16BE(0) : 0;
  return mark === 0xfffe || mark === 0xfeff ? 'UTF-16 text; save the file as UTF-8' : undefined;
}

/** Removes the quoted text from a message of V8: `failed.jsonl` holds the line anyway. */
function shorten(message: string): string {
  return message.replace(/, (?:\.\.\.)?".*$/s, '');
}
