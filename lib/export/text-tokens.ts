/** Text tokens that Grounding DINO's BERT reads, the two marks at its ends included. */
const MAX_TOKENS = 256;

const PIECES = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}]|[\p{L}\p{M}\p{N}]+|[^\s\p{L}\p{M}\p{N}]/gu;
const LETTERS_A_PIECE = 6;

/** Whether a text may be more than the model reads. */
export function mayBeCutOff(text: string): boolean {
  // No text has more tokens than signs.
  return text.length + 2 > MAX_TOKENS && estimateTokens(text) > MAX_TOKENS;
}

/** A high guess at the WordPiece tokens of a text: a sign is its own token, a word is cut into pieces of six letters. */
function estimateTokens(text: string): number {
  let tokens = 2;
  for (const [piece] of text.matchAll(PIECES)) tokens += Math.ceil(piece.length / LETTERS_A_PIECE);
  return tokens;
}
