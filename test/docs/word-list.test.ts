import { describe, expect, it } from 'vitest';
import { findPrivateWords } from '../../scripts/check-words.ts';

const wordsIn = (text: string, path: string) => findPrivateWords(text, path).map(({ line, word }) => `${line} ${word}`);

describe('the word list', () => {
  it('finds a word in names, comments and messages, with its line and the word to use', () => {
    const text = "const settleSample = 1;\n// the run knows\nthrow new Error('nothing is paid');\n";

    expect(wordsIn(text, 'lib/core/x.ts')).toEqual(['1 settle', '2 knows', '3 paid']);
    expect(findPrivateWords('a cure', 'README.md')).toEqual([{ line: 1, word: 'cure', use: 'fix, suggested fix' }]);
  });

  it('finds a phrase that runs over the end of a comment line', () => {
    expect(wordsIn('/**\n * All but\n * for the last.\n */', 'lib/core/x.ts')).toEqual(['2 but for']);
  });

  it('reads titles and comments of a test, and leaves its captions alone', () => {
    const text = "it('says why', () => {\n  // it is told\n  caption('a boat beside a pier');\n});\nit.each([1])('knows %i', () => {});\n";

    expect(wordsIn(text, 'test/core/x.test.ts')).toEqual(['1 says', '2 told', '5 knows']);
  });

  it('leaves standard meanings and prompts alone', () => {
    expect(wordsIn('await Promise.allSettled(calls);', 'lib/core/x.ts')).toEqual([]);
    expect(wordsIn('whole words', 'lib/steps/extract/extract-prompt.ts')).toEqual([]);
  });

  it('leaves parts of longer words alone', () => {
    expect(wordsIn('transformer sounds alone underlies telling-apart', 'lib/core/x.ts')).toEqual(['1 telling']);
  });
});
