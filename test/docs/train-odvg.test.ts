import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Command } from 'commander';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { parse } from 'yaml';
import { addExportCommand } from '#cli/commands/export.ts';
import { writeSampleResults } from '#test/report/sample-results.ts';
import { tempFolder } from '#test/storage/temp-folder.ts';

const example = resolve('examples/train-odvg');
const lines = readFileSync(join(example, 'hand-over.sh'), 'utf8').trim().split('\n');

beforeEach(() => {
  vi.spyOn(console, 'log').mockImplementation(() => {});
  vi.spyOn(console, 'error').mockImplementation(() => {});
});
afterEach(() => void vi.restoreAllMocks());

describe('the hand-over to training', () => {
  it('takes five lines', () => {
    expect(lines).toHaveLength(5);
  });

  it('exports the files that the spec of TAO names', async () => {
    const folder = tempFolder();
    await writeSampleResults(join(folder, 'results'), { samples: 60 });

    for (const line of lines.filter((one) => one.startsWith('groundline export'))) {
      const words = line
        .split(' ')
        .map((word, place, all) => (word === 'results' || all[place - 1] === '--out' ? join(folder, word) : word));
      const program = new Command();
      addExportCommand(program);
      await program.parseAsync(['node', ...words]);
    }

    const { train_data_sources: training, val_data_sources: validation } = parse(readFileSync(join(example, 'train.yaml'), 'utf8')).dataset;
    const [{ image_dir: trainImages, json_file: trainFile }] = training;
    for (const line of readFileSync(join(folder, trainFile), 'utf8').trim().split('\n'))
      expect(existsSync(join(folder, trainImages, JSON.parse(line).file_name))).toBe(true);
    const { images, categories } = JSON.parse(readFileSync(join(folder, validation.json_file), 'utf8'));
    expect(images.length).toBeGreaterThan(0);
    for (const { file_name } of images) expect(existsSync(join(folder, validation.image_dir, file_name))).toBe(true);
    expect(categories[0]).toMatchObject({ id: 0 });
  });
});
