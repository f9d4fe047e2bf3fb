import { area } from '#core/box.ts';
import { UsageError } from '#core/errors.ts';
import { hashText } from '#core/hash-text.ts';
import { sliceByCodePoints } from '#results/result-record.ts';
import { openTruthFile, type TextLine } from './truth-file.ts';
import { createTruthIndex, type LinePlace, type TruthIndex } from './truth-index.ts';
import { TruthLine } from './truth-line.ts';

/** A true line with its number in the file (0-based, blank lines not counted). */
export interface JoinedTruth {
  readonly number: number;
  readonly line: TruthLine;
}

/** Joins results with the lines of a truth file by image and caption. */
export interface TruthJoin {
  /** Removes and returns the line of a result, so that equal results get equal lines in order. */
  match(imagePath: string, caption: string): JoinedTruth | undefined;
  /** Reads to the end and returns the number of all lines. */
  countLines(): number;
  /** For messages. */
  readonly first: { readonly imagePath: string; readonly caption: string } | undefined;
  close(): void;
}

/** The number of skipped lines that are kept in memory; only the places of further ones are kept. */
const KEPT_LINES = 2_000;

/**
 * Both files are read in parallel; a skipped true line waits for its result. Results in the order of the truth need
 * constant memory; any other order needs 32 bytes and a second read per line.
 */
export function joinTruth(path: string): TruthJoin {
  const file = openTruthFile(path);
  const kept = new Map<string, { line: TextLine; value: Keyed }[]>();
  let index: TruthIndex | undefined;
  let keptLines = 0;
  let lines = 0;
  let first: Keyed | undefined;

  const keep = (key: string, line: TextLine, value: Keyed) => {
    if (keptLines >= KEPT_LINES) {
      index ??= createTruthIndex(expectedLines(file.bytes, line));
      index.add(hashText(key), line);
      return;
    }
    keptLines++;
    const waiting = kept.get(key);
    if (waiting) waiting.push({ line, value });
    else kept.set(key, [{ line, value }]);
  };
  const removeKept = (key: string, imagePath: string): JoinedTruth | undefined => {
    const waiting = kept.get(key);
    const place = waiting?.findIndex(({ value }) => samePath(value.image_path, imagePath)) ?? -1;
    const [found] = place < 0 ? [] : (waiting?.splice(place, 1) ?? []);
    if (found === undefined) return undefined;
    keptLines--;
    if (waiting?.length === 0) kept.delete(key);
    return joined(found.line, found.value, path);
  };
  const accept = (place: LinePlace, key: string, imagePath: string): JoinedTruth | undefined => {
    const value = keyed(file.readAt(place), place.number, path);
    return composeKey(value.image_path, value.caption) === key && samePath(value.image_path, imagePath)
      ? joined(place, value, path)
      : undefined;
  };
  const read = (): { line: TextLine; value: Keyed; key: string } | undefined => {
    const line = file.next();
    if (line === undefined) return undefined;
    lines++;
    const value = keyed(line.text, line.number, path);
    first ??= value;
    return { line, value, key: composeKey(value.image_path, value.caption) };
  };

  return {
    match(imagePath, caption) {
      const key = composeKey(imagePath, caption);
      const before = removeKept(key, imagePath) ?? index?.remove(hashText(key), (at) => accept(at, key, imagePath));
      if (before) return before;
      for (let next = read(); next; next = read()) {
        if (next.key === key && samePath(next.value.image_path, imagePath)) return joined(next.line, next.value, path);
        keep(next.key, next.line, next.value);
      }
      return undefined;
    },
    countLines() {
      while (read());
      return lines;
    },
    get first() {
      return first && { imagePath: first.image_path, caption: first.caption };
    },
    close: () => file.close(),
  };
}

/** By the mean length of the lines so far, plus a reserve, since growing doubles the memory. */
function expectedLines(bytes: number, { number, offset, length }: LinePlace): number {
  return Math.ceil((bytes / (offset + length)) * (number + 1) * 1.05) + 1;
}

type Keyed = Pick<TruthLine, 'image_path' | 'caption'>;

/** Paths may begin at different folders: the file names join, and the rest of the shorter path must match. */
function composeKey(imagePath: string, caption: string): string {
  return `${imagePath.slice(imagePath.lastIndexOf('/') + 1)}\n${caption}`;
}

function samePath(a: string, b: string): boolean {
  if (a === b) return true;
  const [short, long] = a.length < b.length ? [a, b] : [b, a];
  return long.endsWith(`/${short.replace(/^(?:\.?\/)+/, '')}`);
}

function keyed(text: string, number: number, path: string): Keyed {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new UsageError(`line ${number + 1} of the truth ${path} is not JSON, perhaps cut off; copy or import it again`, { cause: error });
  }
  const { image_path, caption } = (value ?? {}) as Record<string, unknown>;
  if (typeof image_path === 'string' && typeof caption === 'string') return value as Keyed;
  throw new UsageError(
    `line ${number + 1} of the truth ${path} has no "image_path" and "caption"; "groundline import" makes a truth file, and the README describes its form`,
  );
}

function joined({ number }: LinePlace, value: Keyed, path: string): JoinedTruth {
  const parsed = TruthLine.safeParse(value);
  const fault = (what: string) => new UsageError(`line ${number + 1} of the truth ${path}: ${what}`);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw fault(`"${issue?.path.join('.')}" ${issue?.message.toLowerCase()}; the README describes the form of a truth file`);
  }
  for (const { text, char_span: span, boxes } of parsed.data.expressions) {
    const empty = boxes.find((box) => area(box) === 0);
    if (empty)
      throw fault(
        `the box [${empty.join(', ')}] of "${text}" has no area: boxes are [x1, y1, x2, y2], two corners and not a width and height; fix: correct the truth, or import it again`,
      );
    if (span && sliceByCodePoints(parsed.data.caption, ...span) !== text)
      throw fault(
        `"${text}" is not at its char_span [${span.join(', ')}] of the caption (code points); fix: correct char_span, or leave it out`,
      );
  }
  return { number, line: parsed.data };
}
