import { writeFile } from 'node:fs/promises';
import { stringify } from 'yaml';
import { explainWriteError } from '#storage/disk/disk-errors.ts';
import type { CategoryCount } from './count-export.ts';

const HEAD = `# The categories of an export, in id order. To merge nouns, list them: "person: [man, woman]" and remove their own lines.
# "-" lists nouns to leave out, and "*" in a list stands for all nouns outside the other lists. Then: groundline export … --categories THIS_FILE
`;

/** Writes a categories file with the same categories, as a start for edits. */
export async function saveCategories(path: string, categories: readonly CategoryCount[]): Promise<void> {
  const lines = categories.map(({ name, boxes }) => `${stringify({ [name]: [] }, { lineWidth: 0 }).trimEnd()} # ${boxes}\n`);
  try {
    await writeFile(path, `${HEAD}${lines.join('')}`);
  } catch (error) {
    throw explainWriteError(error, path);
  }
}
