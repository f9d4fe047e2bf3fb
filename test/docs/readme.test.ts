import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { withSettingsTable } from '../../scripts/settings-table.ts';

it('README has every setting, its default and its range as they are: npm run docs', async () => {
  const readme = await readFile('README.md', 'utf8');

  expect(withSettingsTable(readme)).toBe(readme);
});
