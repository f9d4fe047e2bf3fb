/** Text tokens that Grounding DINO's BERT reads, the two marks at its ends included. */
export const MAX_TOKENS = 256;

const PIECES = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}]|[\p{L}\p{M}\p{N}]+|[^\s\p{L}\p{M}\p{N}]/gu;
const LETTERS_A_PIECE = 6;

/** A high guess at the WordPiece tokens of a text: a sign of its own each, words cut into pieces of six letters. */
export function estimateTokens(text: string): number {
  let tokens = 2;
  for (const [piece] of text.matchAll(PIECES)) tokens += Math.ceil(piece.length / LETTERS_A_PIECE);
  return tokens;
}
