/** The token limit of Grounding DINO's BERT, including the two special tokens at the ends. */
const MAX_TOKENS = 256;

const PIECES = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}]|[\p{L}\p{M}\p{N}]+|[^\s\p{L}\p{M}\p{N}]/gu;
const LETTERS_A_PIECE = 6;

/** Whether a text may exceed the model's limit. */
export function mayBeCutOff(text: string): boolean {
  // no text has more tokens than characters
  return text.length + 2 > MAX_TOKENS && estimateTokens(text) > MAX_TOKENS;
}

/** A high estimate of a text's WordPiece tokens: one per punctuation mark, one per six letters of a word. */
function estimateTokens(text: string): number {
  let tokens = 2;
  for (const [piece] of text.matchAll(PIECES)) tokens += Math.ceil(piece.length / LETTERS_A_PIECE);
  return tokens;
}
