/** An expression as a request asks for it: by its number there. */
export interface AskedExpression {
  readonly id: number;
  readonly text: string;
  readonly nounChunk: string;
  /** `1` for the first of several with equal words, and so on; absent where the words are unique. */
  readonly ordinal?: number;
}
