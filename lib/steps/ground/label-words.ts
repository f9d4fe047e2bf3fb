import { unpartedScripts } from '#core/char-span.ts';
import { phraseKey } from '#core/fold-text.ts';
import type { AskedExpression } from './asked-expression.ts';

/**
 * Whether a label in a model's own words can mean this expression: it says all of it ("the red car on the left"), or its noun
 * without anything before it that was not asked for: "car" and "car on the left" can be the red car, "blue car" and "carpet" cannot.
 */
export function labelMatches(label: string, { text, nounChunk }: Pick<AskedExpression, 'text' | 'nounChunk'>): boolean {
  const [labelWords, asked, noun] = [label, text, nounChunk].map(splitWords) as [string[], string[], string[]];
  if (asked.length > 0 && asked.every((word) => labelWords.includes(word))) return true;
  const [head] = noun.slice(-1);
  const place = head === undefined ? -1 : labelWords.indexOf(head);
  return place >= 0 && noun.every((word) => labelWords.includes(word)) && labelWords.slice(0, place).every((word) => asked.includes(word));
}

/** Words without articles, numbers and endings of plurals; single characters where a script has no spaces. */
function splitWords(phrase: string): string[] {
  const words = phraseKey(phrase).match(WORD) ?? [];
  return words.filter((word) => !ARTICLE.test(word)).map((word) => (word.length > 3 ? word.replace(PLURAL, '') : word));
}

const WORD = new RegExp(String.raw`[${unpartedScripts}\p{Emoji_Presentation}]|\p{L}[\p{L}\p{M}'’-]*`, 'gu');
const ARTICLE = /^(?:an?|the)$/;
const PLURAL = /(?<=[^s])e?s$/;
