import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createCategories, readCategoriesFile } from '#export/categories.ts';
import { tempFolder } from '#test/storage/temp-folder.ts';

async function read(text: string) {
  const path = join(tempFolder(), 'categories.yaml');
  writeFileSync(path, text);
  return createCategories(await readCategoriesFile(path));
}

describe('the categories of an export', () => {
  it('are the noun chunks, whatever their case and white space, numbered by first appearance', () => {
    const categories = createCategories();

    expect(['Dog', ' dog', 'fire  truck'].map((noun) => categories.of(noun))).toEqual(['dog', 'dog', 'fire truck']);
    expect(['dog', 'cat', 'dog'].map((name) => categories.idOf(name))).toEqual([0, 1, 0]);
  });

  it('are numbered in the order of a list, and others come after', async () => {
    const categories = await read('[cat, dog]');

    expect(['bird', 'dog'].map((noun) => categories.idOf(categories.of(noun) ?? ''))).toEqual([2, 1]);
    expect(categories.names).toEqual(['cat', 'dog', 'bird']);
  });

  it('contain the nouns of a map, without those under "-", and with all others under "*"', async () => {
    const categories = await read('person: [man, Woman]\n"-": [sky]\nthing: ["*"]');

    expect(['man', 'woman', 'person', 'sky', 'spoon'].map((noun) => categories.of(noun))).toEqual([
      'person',
      'person',
      'person',
      undefined,
      'thing',
    ]);
    expect(categories.names).toEqual(['person', 'thing']);
  });

  it('refuse a noun in two of them, and files of another shape', async () => {
    await expect(read('a: [x]\nb: [x]')).rejects.toThrow(/"x" into both "a" and "b"/);
    await expect(read('a: 3')).rejects.toThrow(/must be a list of names/);
    await expect(read('a: [')).rejects.toThrow(/neither JSON nor YAML/);
  });
});
