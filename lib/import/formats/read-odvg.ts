import { z } from 'zod';
import type { Box } from '#core/box.ts';
import { hasArea } from '../boxes.ts';
import { createSlicer, findSpans, listCaption } from '../find-spans.ts';
import { type CaptionSpan, type ImportedSample, type LeftOut, leaveOut, type ReadOptions } from '../imported-sample.ts';
import { jsonRows } from '../json-elements.ts';
import { parseEntry } from '../parse-entry.ts';

const Corners = z.tuple([z.number(), z.number(), z.number(), z.number()]);
const Region = z.object({
  /** MMDetection also accepts a list of boxes per phrase. */
  bbox: z.union([Corners.transform((box) => [box]), z.array(Corners)]),
  phrase: z.union([z.string(), z.array(z.string()).transform((parts) => parts.join(' '))]),
  tokens_positive: z.array(z.tuple([z.int(), z.int()])).optional(),
});
const size = z.number().positive().optional().catch(undefined);
const OdvgLine = z
  .object({
    filename: z.string().optional(),
    file_name: z.string().optional(),
    width: size,
    height: size,
    image_id: z.union([z.string(), z.number()]).optional().catch(undefined),
    grounding: z.object({ caption: z.string().min(1), regions: z.array(Region) }).optional(),
    detection: z.object({ instances: z.array(z.object({ bbox: Corners, category: z.string() })) }).optional(),
  })
  .refine((line) => (line.filename ?? line.file_name) !== undefined, { path: ['filename'], message: 'is missing, and so is "file_name"' });
type OdvgLine = z.infer<typeof OdvgLine>;

/**
 * ODVG lines in the spellings of Open-GroundingDino and MMDetection (`filename`) and of TAO (`file_name`).
 * For detection lines, the categories are the phrases.
 */
export async function* readOdvg(source: string, _: ReadOptions, leftOut: LeftOut): AsyncGenerator<ImportedSample> {
  for await (const row of jsonRows(source)) {
    const line = parseEntry(OdvgLine, row, source, 'lines');
    const { filename, file_name: fileName = filename ?? '', width, height, image_id: imageId } = line;
    const asked = line.grounding ? groundedPhrases(line.grounding, leftOut) : detectedCategories(line.detection);
    if (asked.expressions.length === 0) leaveOut(leftOut, 'lines without a boxed phrase');
    else yield { fileName, ...(imageId === undefined ? {} : { imageId }), ...(width && height ? { width, height } : {}), ...asked };
  }
}

type AskedPhrases = Pick<ImportedSample, 'caption' | 'expressions'>;

function groundedPhrases({ caption, regions }: NonNullable<OdvgLine['grounding']>, leftOut: LeftOut): AskedPhrases {
  const slice = createSlicer(caption);
  const unplaced = regions.filter(({ tokens_positive: tokens }) => !findSpan(tokens));
  const found = findSpans(
    caption,
    unplaced.map(({ phrase }) => phrase),
  );
  const phrases = new Map<string, { text: string; span: CaptionSpan; boxes: Box[] }>();
  for (const { bbox, phrase, tokens_positive: tokens } of regions) {
    const span = findSpan(tokens) ?? found.get(phrase);
    const text = span && slice(span);
    if (!span || !text) {
      leaveOut(leftOut, 'phrases that are not in their caption');
      continue;
    }
    const boxes = bbox.filter(hasArea);
    leaveOut(leftOut, 'boxes without area', bbox.length - boxes.length);
    const known = phrases.get(span.join());
    if (known) known.boxes.push(...boxes);
    else if (boxes.length > 0) phrases.set(span.join(), { text, span, boxes });
  }
  return { caption, expressions: [...phrases.values()].sort((a, b) => a.span[0] - b.span[0] || a.span[1] - b.span[1]) };
}

/** The span from the first word of a phrase to its last, for a phrase in several pieces. */
function findSpan(tokens: readonly CaptionSpan[] | undefined): CaptionSpan | undefined {
  if (tokens === undefined || tokens.length === 0) return undefined;
  return [Math.min(...tokens.map(([start]) => start)), Math.max(...tokens.map(([, end]) => end))];
}

function detectedCategories(detection: OdvgLine['detection']): AskedPhrases {
  const boxes = new Map<string, Box[]>();
  for (const { bbox, category } of detection?.instances ?? [])
    if (hasArea(bbox)) boxes.set(category, [...(boxes.get(category) ?? []), bbox]);
  const names = [...boxes.keys()];
  const { caption, spans } = listCaption(names);
  return { caption, expressions: names.map((text, index) => ({ text, span: spans[index] ?? [0, 0], boxes: boxes.get(text) ?? [] })) };
}
