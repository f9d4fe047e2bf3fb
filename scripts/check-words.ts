/** `npm run words [-- FILE_OR_FOLDER…]`: finds private words in names, comments, messages, test titles and documents, and fails where there are any. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { allowedUses, exemptFiles, privateWords } from './word-list.ts';

export interface FoundWord {
  /** 1-based. */
  readonly line: number;
  readonly word: string;
  readonly use: string;
}

const patterns = privateWords.map(({ word, use }) => ({
  use,
  // A phrase may run over the end of a line. An underscore divides words.
  pattern: new RegExp(String.raw`(?<![\p{L}\p{N}])(?:${word.source.replaceAll(' ', String.raw`[\s-]+`)})(?![\p{L}\p{N}])`, 'giu'),
}));

/** Private words in a file's text, in the order of its lines. `path` is relative to the repository. */
export function findPrivateWords(text: string, path: string): FoundWord[] {
  if (exemptFiles.some((exempt) => exempt.test(path))) return [];
  const lines = text.split('\n');
  const prose = (isTestCode(path) ? withoutTestData(text) : text).split('\n').map(plainText).join('\n');
  return patterns
    .flatMap(({ pattern, use }) =>
      [...prose.matchAll(pattern)].map(({ index, 0: word }) => ({ line: countLines(prose, index), word: word.replace(/\s+/g, ' '), use })),
    )
    .filter(({ line }) => !allowedUses.some((allowed) => allowed.text.test(lines[line - 1] ?? '') && (allowed.path?.test(path) ?? true)))
    .sort((a, b) => a.line - b.line);
}

const countLines = (text: string, end: number) => text.slice(0, end).split('\n').length;

/** A line without its comment marks, and with names split into words. */
const plainText = (line: string) =>
  line
    .replace(/^\s*(?:\/\*\*?|\*\/?|\/\/|#)\s?/, '')
    .replace(/([a-z\d])(?=[A-Z])/g, '$1 ')
    .replace(/([A-Z])(?=[A-Z][a-z])/g, '$1 ')
    .replaceAll('_', ' ');

const isTestCode = (path: string) => /^(?:test|bench)\/.*\.ts$/.test(path);

const literal = /(?<=((?:\b(?:it|test|describe)\b[\w.]*|\))\(\s*)?)('(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\.|[^`\\])*`)/g;

/** Test code without its string literals, which are captions and replies; titles stay, and so do comments. */
function withoutTestData(text: string): string {
  return text
    .split(/^(\s*(?:\/\/|\/\*\*|\*).*)$/m)
    .map((part, index) => (index % 2 === 1 ? part : part.replace(literal, (all, title) => (title ? all : all.replace(/[^\n]/g, '')))))
    .join('');
}

function listFiles(paths: readonly string[]): string[] {
  const args = ['ls-files', '--cached', '--others', '--exclude-standard', '-z', '--', ...paths];
  const files = execFileSync('git', args, { encoding: 'utf8' }).split('\0');
  return files.filter((file) => /\.(?:ts|js|md|ya?ml|json|sh|css|py)$/.test(file));
}

function checkFiles(paths: readonly string[]): number {
  let found = 0;
  for (const path of listFiles(paths))
    for (const { line, word, use } of findPrivateWords(readFileSync(path, 'utf8'), path)) {
      console.log(`${path}:${line} "${word}": use ${use}`);
      found++;
    }
  return found;
}

if (import.meta.main) {
  const found = checkFiles(process.argv.slice(2));
  if (found > 0) {
    console.error(`private words: got ${found}, expected 0; fix: use the words above, or add a standard meaning to scripts/word-list.ts`);
    process.exitCode = 1;
  }
}
