/** An expression that the input line brought along (`expressions` or `phrases`), as far as it was given. */
export interface GivenExpression {
  readonly text: string;
  readonly char_span?: readonly [number, number];
  readonly noun_chunk?: string;
  readonly expression_id?: string;
}

/** One input line, parsed. */
export interface Sample {
  /** 1-based number of the line in its file. */
  readonly line: number;
  /** `<image_id>-<16 hex>`, safe as a file name; equal lines share it. */
  readonly sampleId: string;
  /** 0 for the first line with this id, k for its k-th repeat. */
  readonly repeat: number;
  readonly imagePath: string;
  readonly caption: string;
  /** As given, whatever its type; the file's stem otherwise. */
  readonly imageId: unknown;
  /** The line's object, whole and in order, without our own failure envelope. */
  readonly fields: Readonly<Record<string, unknown>>;
  /** Present when the line brings its own expressions and so skips step 0. */
  readonly given?: { readonly cleanedCaption: string; readonly expressions: readonly GivenExpression[] };
}
