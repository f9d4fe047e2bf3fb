import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { withSettingsTable } from '../../scripts/settings-table.ts';

test('the settings table of the documentation is up to date (npm run docs)', async () => {
  const readme = await readFile('README.md', 'utf8');

  expect(withSettingsTable(readme)).toBe(readme);
});
