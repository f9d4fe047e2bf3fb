/** An expression that the input line brought along (`expressions` or `phrases`), with its place in the cleaned caption (code points, half-open). */
export interface GivenExpression {
  readonly text: string;
  readonly char_span: readonly [number, number];
  readonly noun_chunk: string;
  /** As it was given, if it was. */
  readonly expression_id?: string;
}

/** The expressions of a line that skips step 0. */
export interface GivenExpressions {
  readonly cleanedCaption: string;
  readonly expressions: readonly GivenExpression[];
  /** Texts that are nowhere in the caption, and were left out. */
  readonly unplaced: readonly string[];
  /** Ids that several expressions came with: the first one kept it. Left out where there are none. */
  readonly repeatedIds?: readonly string[];
}

/** One input line, parsed. */
export interface Sample {
  /** 1-based number of the line in its file. */
  readonly line: number;
  /** `<image_id>-<16 hex>`, safe as a file name; equal lines share it. */
  readonly sampleId: string;
  /** 0 for the first line with this id, k for its k-th repeat. */
  readonly repeat: number;
  /** Unique in its file: the sample id, with `~k` for a repeat. Expression and box ids come from it. */
  readonly lineId: string;
  readonly imagePath: string;
  /** Where a relative path began in the run that this line failed in, if it did. */
  readonly imageBase?: string;
  readonly caption: string;
  /** As given, whatever its type; the file's stem otherwise. */
  readonly imageId: unknown;
  /** The line's object, whole and in order, without our own failure envelope. */
  readonly fields: Readonly<Record<string, unknown>>;
  /** Present when the line brings its own expressions and so skips step 0. */
  readonly given?: GivenExpressions;
}
