import type { Box } from '#core/box.ts';
import type { TruthLine } from '#evaluate/truth/truth-line.ts';

/** Half-open, in code points of the caption. */
export type CaptionSpan = readonly [number, number];

export interface ImportedExpression {
  readonly text: string;
  readonly span: CaptionSpan;
  /** Corners in pixels; empty if the data set marks the thing as absent. */
  readonly boxes: readonly Box[];
}

/** A future line of the input and of the truth. */
export interface ImportedSample {
  /** The file name as in the data set. */
  readonly fileName: string;
  readonly caption: string;
  readonly imageId?: string | number;
  readonly width?: number;
  readonly height?: number;
  readonly expressions: readonly ImportedExpression[];
}

/** What was left out, by reason. */
export type LeftOut = Map<string, number>;

/** Reads a data set; the reader increments `leftOut`. */
export type ReadDataset = (source: string, options: ReadOptions, leftOut: LeftOut) => AsyncGenerator<ImportedSample>;

export interface ReadOptions {
  /** The part of a data set, for formats with parts. */
  readonly split?: string;
  /** Folder of the images, for formats whose image names depend on it. */
  readonly images?: string;
  /** Number of categories per line that are not in the image. */
  readonly absent: number;
  readonly seed: number;
  /** Number of phrases per line, for data sets without captions. */
  readonly phrasesPerLine: number;
}

export function leaveOut(leftOut: LeftOut, reason: string, count = 1): void {
  if (count > 0) leftOut.set(reason, (leftOut.get(reason) ?? 0) + count);
}

/** The line for `groundline generate`; without phrases, its run extracts them too. */
export function inputLine(sample: ImportedSample, imagePath: string, phrases: boolean): string {
  const { caption, imageId, expressions } = sample;
  const given = expressions.map(({ text, span }) => ({ text, char_span: span }));
  return JSON.stringify({
    image_path: imagePath,
    caption,
    ...(imageId === undefined ? {} : { image_id: imageId }),
    ...(phrases ? { expressions: given } : {}),
  });
}

/** The line for `groundline evaluate`. */
export function truthLine({ caption, width, height, expressions }: ImportedSample, imagePath: string): string {
  const line: TruthLine = {
    image_path: imagePath,
    caption,
    ...(width === undefined || height === undefined ? {} : { width, height }),
    expressions: expressions.map(({ text, span, boxes }) => ({ text, char_span: [...span], boxes: [...boxes] })),
  };
  return JSON.stringify(line);
}
