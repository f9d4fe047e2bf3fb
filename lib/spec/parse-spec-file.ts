import { parseDocument } from 'yaml';
import { UsageError } from '#core/errors.ts';

export type SpecTree = Record<string, unknown>;

export const isTree = (value: unknown): value is SpecTree => typeof value === 'object' && value !== null && !Array.isArray(value);

/** Parses the YAML of a spec file. `name` is for messages, which never quote the file: it may contain a key. Throws `UsageError`. */
export function parseSpecFile(text: string, name: string): SpecTree {
  const document = parseDocument(text, { merge: true });
  const [error] = document.errors;
  if (error) throw new UsageError(`${name} is no valid YAML: ${firstLine(error.message)}`);
  const tree = toTree(document, name);
  if (tree === null) return {};
  if (!isTree(tree))
    throw new UsageError(`${name} is no spec file: expected "key: value" lines; groundline default-specs prints an example`);
  return tree;
}

function toTree(document: ReturnType<typeof parseDocument>, name: string): unknown {
  try {
    return document.toJS();
  } catch (error) {
    throw new UsageError(`${name} is no valid YAML: ${firstLine(error instanceof Error ? error.message : String(error))}`);
  }
}

/** The first line of the library's message: the others quote the file. */
const firstLine = (message: string) => (message.split('\n')[0] ?? '').replace(/:$/, '');
