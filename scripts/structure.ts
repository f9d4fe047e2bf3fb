/** `npm run structure`: prints how the code under lib is laid out: folders, file lengths, names that are used twice, the largest option types. */
import { globSync, readFileSync } from 'node:fs';
import { basename, dirname } from 'node:path';

export interface SourceFile {
  /** Relative to the repository. */
  readonly path: string;
  readonly lines: number;
  /** Names of exported types, functions, classes and constants. */
  readonly exported: readonly string[];
  /** Fields of each exported or private interface of the file. */
  readonly interfaces: readonly { readonly name: string; readonly fields: number }[];
}

/** The TypeScript files below `lib`, in the order of their paths. */
export function readSources(root = '.'): SourceFile[] {
  const paths = globSync('lib/**/*.ts', { cwd: root }).sort();
  return paths.map((path) => describeSource(path, readFileSync(`${root}/${path}`, 'utf8')));
}

function describeSource(path: string, text: string): SourceFile {
  const declared = /^export (?:declare )?(?:abstract )?(?:async )?(?:const|function\*?|class|interface|type|enum) (\w+)/gm;
  const interfaces = [...text.matchAll(/^(?:export )?interface (\w+)[^{]*\{\n([\s\S]*?)^\}/gm)];
  return {
    path,
    lines: text.split('\n').length - 1,
    exported: [...new Set([...text.matchAll(declared)].map(([, name = '']) => name))],
    interfaces: interfaces.map(([, name = '', body = '']) => ({
      name,
      fields: [...body.matchAll(/^ {2}(?:readonly )?\w+[?(:]/gm)].length,
    })),
  };
}

/** How many files each folder holds itself, folders below it not counted. */
export function filesPerFolder(sources: readonly SourceFile[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { path } of sources) counts.set(dirname(path), (counts.get(dirname(path)) ?? 0) + 1);
  return counts;
}

/** Names that more than one file has: of the files themselves, and of what they export. */
export function namesUsedTwice(sources: readonly SourceFile[]): { readonly files: string[]; readonly exports: string[] } {
  return { files: repeated(sources.map(({ path }) => basename(path))), exports: repeated(sources.flatMap(({ exported }) => exported)) };
}

function repeated(names: readonly string[]): string[] {
  const seen = new Set<string>();
  return [...new Set(names.filter((name) => seen.has(name) || !seen.add(name)))].sort();
}

function printStructure(sources: readonly SourceFile[]): void {
  const lines = sources.map((source) => source.lines).sort((a, b) => a - b);
  const at = (share: number) => lines[Math.min(lines.length - 1, Math.floor(lines.length * share))];
  const folders = [...filesPerFolder(sources)].sort(([, a], [, b]) => b - a);
  const twice = namesUsedTwice(sources);
  const largest = sources
    .flatMap(({ path, interfaces }) => interfaces.map(({ name, fields }) => ({ path, name, fields })))
    .filter(({ name }) => /Options$|Context$|Work$/.test(name))
    .sort((a, b) => b.fields - a.fields)[0];
  console.log(
    [
      `rooms: ${new Set(sources.map(({ path }) => path.split('/')[1])).size}`,
      `files: ${sources.length}, lines: ${lines.reduce((sum, count) => sum + count, 0)}`,
      `largest folder: ${folders[0]?.[0]} with ${folders[0]?.[1]} files`,
      `lines per file: median ${at(0.5)}, 90th percentile ${at(0.9)}, longest ${at(1)}`,
      `files under 15 lines: ${lines.filter((count) => count < 15).length}`,
      `file names used twice: ${twice.files.length} ${twice.files.join(' ')}`.trim(),
      `exported names used twice: ${twice.exports.length} ${twice.exports.join(' ')}`.trim(),
      `largest option type: ${largest?.name} with ${largest?.fields} fields (${largest?.path})`,
    ].join('\n'),
  );
}

if (import.meta.main) printStructure(readSources(process.argv[2]));
