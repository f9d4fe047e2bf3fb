import { createReadStream } from 'node:fs';
import { JSONParser } from '@streamparser/json';
import { UsageError } from '#core/errors.ts';

/** An element of a list, with the list's name in the file's object. */
export interface JsonElement {
  readonly list: string;
  readonly value: unknown;
}

/** Streams the elements of named lists in one JSON object, in file order; other members are skipped. Throws `UsageError`. */
export function jsonElements(path: string, lists: readonly string[]): AsyncGenerator<JsonElement> {
  return parsed(
    path,
    lists.map((list) => `$.${list}.*`),
  );
}

/** Streams the elements of a file that is one JSON list. */
export async function* jsonList(path: string): AsyncGenerator<unknown> {
  for await (const { value } of parsed(path, ['$.*'])) yield value;
}

/** Streams the elements of a JSON list, or the lines of a JSON Lines file. */
export async function* jsonRows(path: string): AsyncGenerator<unknown> {
  const first = await firstCharacter(path);
  if (first === '[') yield* jsonList(path);
  else yield* jsonLines(path);
}

/** The first character other than white space. */
export async function firstCharacter(path: string): Promise<string | undefined> {
  for await (const chunk of openSource(path)) {
    const text = (chunk as Buffer)
      .toString('utf8')
      .replace(/^\ufeff/, '')
      .trimStart();
    if (text !== '') return text[0];
  }
  return undefined;
}

async function* parsed(path: string, paths: string[]): AsyncGenerator<JsonElement> {
  const parser = new JSONParser({ paths, keepStack: false });
  let found: JsonElement[] = [];
  parser.onValue = ({ value, stack }) => void found.push({ list: String(stack[1]?.key ?? ''), value });
  let start = true;
  try {
    for await (const chunk of openSource(path) as AsyncIterable<Buffer>) {
      parser.write(start && chunk.length >= 3 && chunk.readUIntBE(0, 3) === 0xefbbbf ? chunk.subarray(3) : chunk);
      start = false;
      yield* found;
      found = [];
    }
    if (!parser.isEnded) parser.end();
  } catch (error) {
    if (!(error instanceof Error) || (error as NodeJS.ErrnoException).code !== undefined || error instanceof UsageError) throw error;
    throw new UsageError(`${path} is not complete JSON (${error.message}); download or unpack it again`, { cause: error });
  }
}

async function* jsonLines(path: string): AsyncGenerator<unknown> {
  let rest = '';
  let line = 0;
  const decoder = new TextDecoder();
  const parse = (text: string): unknown => {
    try {
      return JSON.parse(text);
    } catch (error) {
      throw new UsageError(`${path} line ${line} is not JSON, perhaps cut off; download or unpack it again`, { cause: error });
    }
  };
  for await (const chunk of openSource(path)) {
    const lines = (rest + decoder.decode(chunk as Buffer, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    for (const text of lines) {
      line++;
      if (text.trim() !== '') yield parse(text);
    }
  }
  line++;
  if (rest.trim() !== '') yield parse(rest);
}

function openSource(path: string): AsyncIterable<unknown> {
  return createReadStream(path, { highWaterMark: 256 * 1024 });
}
