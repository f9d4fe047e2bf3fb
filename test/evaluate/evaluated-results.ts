import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Box } from '#core/box.ts';
import { type OpenResults, openResults } from '#results/read-records.ts';
import { createDirectoryFiles } from '#storage/disk/directory-files.ts';

/** A box and its score, 0.9 where it does not matter. */
export type Found = Box | { readonly box: Box; readonly score: number | null };

export interface ToyExpression {
  readonly text: string;
  readonly found?: readonly Found[];
  /** @default 'found' with boxes, else 'absent' */
  readonly grounding?: string;
  /** @default the first place of the text */
  readonly span?: readonly [number, number];
}

export interface ToyRecord {
  readonly image: string;
  readonly caption: string;
  readonly cleaned?: string;
  readonly expressions: readonly ToyExpression[];
  /** Whether step 0 has run on it. */
  readonly extracted?: boolean;
}

/** A line of `annotations.jsonl` as a run writes it. */
export function recordLine({ image, caption, cleaned = caption, expressions, extracted = false }: ToyRecord): string {
  const partial = expressions.some(({ grounding }) => grounding === 'unanswered' || grounding === 'dropped');
  return JSON.stringify({
    image_path: image,
    caption,
    image_id: image,
    width: 1000,
    height: 1000,
    cleaned_caption: cleaned,
    expressions: expressions.map(({ text, found = [], grounding = found.length > 0 ? 'found' : 'absent', span }, index) => ({
      text,
      expression_id: `expr_${index}`,
      char_span: span ?? [cleaned.indexOf(text), cleaned.indexOf(text) + text.length],
      noun_chunk: text,
      grounding,
      instances: found.map((one, place) => ({
        ...('box' in one ? { bbox: one.box, score: one.score } : { bbox: one, score: 0.9 }),
        bbox_id: `box_${place}`,
      })),
    })),
    source: 'image_grounding',
    pipeline_steps: [...(extracted ? ['step0_expression_extraction'] : []), 'step1_grounding'],
    status: partial ? 'partial' : 'ok',
  });
}

/** A line of `failed.jsonl`. */
export function failedLine(line: number, image: string, caption: string, code = 'reply_unusable'): string {
  const envelope = { line, image_base: '', step: 'step_1', code, message: 'no box could be read', attempts: 2 };
  return JSON.stringify({ image_path: image, caption, _groundline: envelope });
}

export interface ToyTruth {
  readonly image: string;
  readonly caption: string;
  readonly expressions: readonly { readonly text: string; readonly boxes: readonly Box[]; readonly span?: readonly [number, number] }[];
}

export function truthLine({ image, caption, expressions }: ToyTruth): string {
  const listed = expressions.map(({ text, boxes, span }) => ({
    text,
    char_span: span ?? [caption.indexOf(text), caption.indexOf(text) + text.length],
    boxes,
  }));
  return JSON.stringify({ image_path: image, caption, expressions: listed });
}

/** Writes `annotations.jsonl` (and `failed.jsonl`) of a results folder, and opens it. */
export async function resultsIn(folder: string, records: readonly ToyRecord[], failed: readonly string[] = []): Promise<OpenResults> {
  mkdirSync(folder, { recursive: true });
  writeLines(join(folder, 'annotations.jsonl'), records.map(recordLine));
  if (failed.length > 0) writeLines(join(folder, 'failed.jsonl'), failed);
  return await openResults(createDirectoryFiles(folder));
}

/** Writes a truth file and returns its path. */
export function truthIn(folder: string, truth: readonly ToyTruth[]): string {
  const path = join(folder, 'truth.jsonl');
  writeLines(path, truth.map(truthLine));
  return path;
}

export function writeLines(path: string, lines: readonly string[]): void {
  writeFileSync(path, lines.map((line) => `${line}\n`).join(''));
}
