import { FileNotFoundError, type FileStore } from '#core/ports.ts';

/** One line of a result file: its 1-based number with its value and text, or with the problem of an invalid one. */
export type JsonLine =
  | { readonly line: number; readonly value: unknown; readonly text: string }
  | { readonly line: number; readonly problem: string };

const LF = 0x0a;
const BYTE_ORDER_MARK = '\ufeff';

/** Streams the JSON lines of a result file. Blank lines are skipped, and a missing file has no lines. */
export async function* readJsonLines(files: FileStore, path: string): AsyncGenerator<JsonLine> {
  let line = 0;
  for await (const text of readTextLines(files, path)) {
    line++;
    if (text.trim() !== '') yield parseJsonLine(line, text);
  }
}

/** Each line is decoded separately: slices of a long text would keep all of it in memory, twice the memory for a million lines. */
async function* readTextLines(files: FileStore, path: string): AsyncGenerator<string> {
  let begun: Uint8Array[] = [];
  let first = true;
  const finish = (end: Uint8Array): string => {
    const text = Buffer.concat([...begun, end]).toString('utf8');
    begun = [];
    const unmarked = first && text.startsWith(BYTE_ORDER_MARK) ? text.slice(1) : text;
    first = false;
    return unmarked;
  };
  try {
    for await (const chunk of files.read(path)) {
      let start = 0;
      for (let end = chunk.indexOf(LF); end >= 0; end = chunk.indexOf(LF, start)) {
        yield finish(chunk.subarray(start, end));
        start = end + 1;
      }
      if (start < chunk.length) begun.push(chunk.subarray(start));
    }
  } catch (error) {
    if (error instanceof FileNotFoundError) return;
    throw error;
  }
  if (begun.length > 0) yield finish(new Uint8Array());
}

function parseJsonLine(line: number, text: string): JsonLine {
  try {
    return { line, value: JSON.parse(text), text };
  } catch {
    return { line, problem: 'not valid JSON, perhaps cut off' };
  }
}
