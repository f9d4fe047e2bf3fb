import { readFile } from 'node:fs/promises';
import { parse } from 'yaml';
import { z } from 'zod';
import { UsageError } from '#core/errors.ts';

/** The category list of an export. Ids count from 0 in the order of the categories file, then of first appearance. */
export interface Categories {
  /** The category of a noun chunk; `undefined` if the map leaves it out. */
  of(nounChunk: string): string | undefined;
  idOf(category: string): number;
  /** In id order. */
  readonly names: readonly string[];
}

/** A categories file: the category names in id order, or each with its noun chunks. */
const CategoriesFile = z.union([z.array(z.string().trim().min(1)), z.record(z.string().trim().min(1), z.array(z.string()))]);
export type CategoriesFile = z.infer<typeof CategoriesFile>;

/** The category with this entry contains every other noun. */
const OTHERS = '*';
/** Nouns of this entry are left out. */
const LEFT_OUT = '-';

/** Reads a categories file, JSON or YAML. Throws `UsageError`. */
export async function readCategoriesFile(path: string): Promise<CategoriesFile> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new UsageError(`cannot read the categories file ${path} (${error.code}): check the path`);
  });
  let value: unknown;
  try {
    value = parse(text);
  } catch (error) {
    throw new UsageError(`the categories file ${path} is neither JSON nor YAML: ${error instanceof Error ? error.message : error}`);
  }
  const parsed = CategoriesFile.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new UsageError(
    `the categories file ${path} must be a list of names, or names with their nouns, like "person: [man, woman]" ("-": nouns to leave out, "*": all others)`,
  );
}

/** Throws `UsageError` for a noun in two categories. */
export function createCategories(file?: CategoriesFile): Categories {
  const entries = Array.isArray(file) ? file.map((name): [string, string[]] => [name, []]) : Object.entries(file ?? {});
  const targets = new Map<string, string>();
  for (const [category, nouns] of entries)
    for (const noun of [...(category === LEFT_OUT ? [] : [category]), ...nouns].map(normalNoun)) {
      const other = targets.get(noun);
      if (other !== undefined && other !== category)
        throw new UsageError(`the categories file puts "${noun}" into both "${other}" and "${category}"; leave it in one of them`);
      targets.set(noun, category);
    }
  const names = entries.map(([name]) => name).filter((name) => name !== LEFT_OUT);
  const ids = new Map(names.map((name, id) => [name, id]));
  return {
    names,
    of(nounChunk) {
      const noun = normalNoun(nounChunk);
      const category = targets.get(noun) ?? targets.get(OTHERS) ?? noun;
      return category === LEFT_OUT ? undefined : category;
    },
    idOf(category) {
      const known = ids.get(category);
      if (known !== undefined) return known;
      ids.set(category, names.length);
      return names.push(category) - 1;
    },
  };
}

/** Nouns are equal regardless of case and white space. */
function normalNoun(noun: string): string {
  return noun.trim().replace(/\s+/g, ' ').toLowerCase();
}
