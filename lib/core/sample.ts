/** An expression that the input line gives (`expressions` or `phrases`), with its span in the cleaned caption (code points, half-open). */
export interface GivenExpression {
  readonly text: string;
  readonly char_span: readonly [number, number];
  readonly noun_chunk: string;
  /** The given id, if there is one. */
  readonly expression_id?: string;
}

/** The expressions of a line that skips step 0. */
export interface GivenExpressions {
  readonly cleanedCaption: string;
  readonly expressions: readonly GivenExpression[];
  /** Given texts without a place in the caption; they are left out. */
  readonly unplaced: readonly string[];
  /** Ids that several expressions share: the first one keeps the id. Absent if there are none. */
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
  /** Unique in its file: the sample id, with `~k` for a repeat. Expression and box ids are derived from it. */
  readonly lineId: string;
  readonly imagePath: string;
  /** For a failed line of an earlier run: the base of relative paths in that run. */
  readonly imageBase?: string;
  readonly caption: string;
  /** The given value of any type; the file's stem by default. */
  readonly imageId: unknown;
  /** All fields of the line in their order, without the failure envelope. */
  readonly fields: Readonly<Record<string, unknown>>;
  /** Present for a line with its own expressions, which skips step 0. */
  readonly given?: GivenExpressions;
}
