import { expect, test } from 'vitest';
import { tempFolder } from '#test/storage/temp-folder.ts';
import { groundline, writeSamples } from '../command-line.ts';

test('groundline estimate counts the calls of the profile that vlm.coordinates names', { timeout: 60_000 }, async () => {
  const cwd = tempFolder();
  writeSamples(cwd, 5);
  const callsWith = async (...overrides: string[]) => {
    const { stdout } = await groundline(['estimate', 'captions.jsonl', '--backend', 'gemini', '--json', ...overrides], { cwd });
    return JSON.parse(stdout).likely.calls;
  };

  // Per sample one extraction, and of five phrases one call, or five.
  expect(await Promise.all([callsWith(), callsWith('vlm.coordinates=xyxy-1000'), callsWith('vlm.coordinates=internvl')])).toEqual([
    10, 10, 30,
  ]);
});
