import { FileNotFoundError, type FileStore } from '#core/ports.ts';

/** One line of a result file: its 1-based number, and its value or why it is none. */
export type JsonLine = { readonly line: number; readonly value: unknown } | { readonly line: number; readonly problem: string };

/** Streams the JSON lines of a result file; blank lines are skipped, and a file that is not there has no lines. */
export async function* readJsonLines(files: FileStore, path: string): AsyncGenerator<JsonLine> {
  let line = 0;
  for await (const text of readTextLines(files, path)) {
    line++;
    if (text.trim() !== '') yield parseLine(line, text);
  }
}

async function* readTextLines(files: FileStore, path: string): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = '';
  try {
    for await (const chunk of files.read(path)) {
      const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
      rest = lines.pop() ?? '';
      yield* lines;
    }
  } catch (error) {
    if (error instanceof FileNotFoundError) return;
    throw error;
  }
  rest += decoder.decode();
  if (rest !== '') yield rest;
}

function parseLine(line: number, text: string): JsonLine {
  try {
    return { line, value: JSON.parse(text) };
  } catch {
    return { line, problem: 'not valid JSON, perhaps cut off' };
  }
}
