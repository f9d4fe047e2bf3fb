import { isRecord } from '../ground/collect-boxes.ts';
import { readJsonBlocks, withoutThoughts } from '../json-blocks.ts';

/** The parts of a reply to step 0. Their phrases are not yet placed in the caption. */
export interface ExtractionReading {
  readonly cleanedCaption?: string | undefined;
  /** Absent where the reply has no list of expressions. */
  readonly phrases?: readonly { readonly text: string; readonly nounChunk?: string | undefined }[] | undefined;
  /** Number of elements that are no expressions. */
  readonly unreadable: number;
  /** The reply was not cut off. */
  readonly complete: boolean;
  /** The reply was no valid JSON, so its texts may be damaged too. */
  readonly repaired: boolean;
}

/** Reads a reply element by element: one bad element does not affect the others. */
export function readExtraction(reply: string): ExtractionReading {
  const text = withoutThoughts(reply);
  const blocks = readJsonBlocks(text);
  for (const { values, complete, repaired } of blocks) {
    const [value] = values;
    const { cleaned_caption: cleaned, expressions } = isRecord(value) ? value : {};
    if (values.length === 1 && isCaption(cleaned) && Array.isArray(expressions))
      return { cleanedCaption: cleaned.trim(), ...readPhrases(expressions), complete, repaired };
  }
  const cleaned = salvageCaption(text);
  const elements = blocks.flatMap(({ values }) => values).filter((value) => !(isRecord(value) && 'cleaned_caption' in value));
  return {
    cleanedCaption: isCaption(cleaned) ? cleaned.trim() : undefined,
    ...(elements.length > 0 ? readPhrases(elements) : { unreadable: 0 }),
    complete: blocks.length > 0 && blocks.every(({ complete }) => complete),
    repaired: true,
  };
}

function readPhrases(elements: readonly unknown[]): Pick<ExtractionReading, 'phrases' | 'unreadable'> {
  const phrases: { text: string; nounChunk: string | undefined }[] = [];
  let unreadable = 0;
  for (const element of elements) {
    const { text, noun_chunk: noun } = isRecord(element) ? element : { text: element, noun_chunk: undefined };
    if (typeof text !== 'string' || text.trim() === '') unreadable += 1;
    else phrases.push({ text: text.trim(), nounChunk: typeof noun === 'string' && noun.trim() !== '' ? noun.trim() : undefined });
  }
  return { phrases, unreadable };
}

/** Finds the caption in a broken reply: a string before a comma or a brace. */
function salvageCaption(text: string): unknown {
  const match = /["']?cleaned_caption["']?\s*:\s*(?:"((?:[^"\\]|\\.)*)"|'((?:\\.|(?!'\s*[,}])[^\\])*)')(?=\s*[,}])/s.exec(text);
  if (!match) return undefined;
  const [, double, single] = match;
  try {
    return JSON.parse(`"${double ?? (single ?? '').replace(/\\'/g, "'").replace(/"/g, '\\"')}"`.replace(/\n/g, '\\n'));
  } catch {
    return undefined;
  }
}

const isCaption = (value: unknown): value is string => typeof value === 'string' && value.trim() !== '';
