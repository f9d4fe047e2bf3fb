import { isRecord } from '../ground/collect-boxes.ts';
import { readJsonBlocks, withoutThoughts } from '../json-blocks.ts';

/** What a reply to step 0 holds, before phrases are looked for. */
export interface ExtractionReading {
  readonly cleanedCaption?: string;
  /** Absent where the reply says nothing about expressions. */
  readonly phrases?: readonly { readonly text: string; readonly nounChunk?: string }[];
  /** Elements that are no expressions. */
  readonly unreadable: number;
  /** The reply came to its end. */
  readonly complete: boolean;
  /** It was no JSON as it stood, so that its texts may be damaged too. */
  readonly repaired: boolean;
}

/** Reads a reply element by element. */
export function readExtraction(reply: string): ExtractionReading {
  const text = withoutThoughts(reply);
  const blocks = readJsonBlocks(text);
  for (const { values, complete, repaired } of blocks) {
    const [value] = values;
    const { cleaned_caption: cleaned, expressions } = isRecord(value) ? value : {};
    if (values.length === 1 && isCaption(cleaned) && Array.isArray(expressions))
      return { cleanedCaption: cleaned.trim(), ...readPhrases(expressions), complete, repaired };
  }
  const cleaned = salvagedCaption(text);
  const elements = blocks.flatMap(({ values }) => values).filter((value) => !(isRecord(value) && 'cleaned_caption' in value));
  return {
    ...(isCaption(cleaned) && { cleanedCaption: cleaned.trim() }),
    ...(elements.length > 0 ? readPhrases(elements) : { unreadable: 0 }),
    complete: blocks.length > 0 && blocks.every(({ complete }) => complete),
    repaired: true,
  };
}

function readPhrases(elements: readonly unknown[]): Required<Pick<ExtractionReading, 'phrases' | 'unreadable'>> {
  const phrases: { text: string; nounChunk?: string }[] = [];
  let unreadable = 0;
  for (const element of elements) {
    const { text, noun_chunk: noun } = isRecord(element) ? element : { text: element, noun_chunk: undefined };
    if (typeof text !== 'string' || text.trim() === '') unreadable += 1;
    else phrases.push({ text: text.trim(), ...(typeof noun === 'string' && noun.trim() !== '' && { nounChunk: noun.trim() }) });
  }
  return { phrases, unreadable };
}

/** The caption of a broken reply: a string that ends where a comma or a brace follows. */
function salvagedCaption(text: string): unknown {
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
