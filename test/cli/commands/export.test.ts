import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { addExportCommand } from '#cli/commands/export.ts';
import { writeKnownResults } from '#test/export/known-results.ts';
import { tempFolder } from '#test/storage/temp-folder.ts';

let folder: string;
let printed: string[];
let output: string[];
beforeEach(async () => {
  folder = tempFolder();
  await writeKnownResults(folder);
  [printed, output] = [[], []];
  vi.spyOn(console, 'log').mockImplementation((line: string) => void printed.push(line));
  vi.spyOn(console, 'error').mockImplementation((line: string) => void output.push(line));
});
afterEach(() => void vi.restoreAllMocks());

async function run(...args: string[]): Promise<void> {
  const program = new Command().exitOverride().configureOutput({ writeErr: () => undefined });
  addExportCommand(program);
  for (const command of program.commands) command.exitOverride().configureOutput({ writeErr: () => undefined });
  await program.parseAsync(['node', 'groundline', 'export', ...args]);
}

describe('groundline export', () => {
  it('prints the path on stdout and what was exported and left out on stderr', async () => {
    const out = join(folder, 'train.jsonl');
    await run(folder, '--to', 'odvg', '--out', out);

    expect(printed).toEqual([out]);
    expect(output.join('\n')).toMatch(/^5 samples, 8 boxes\nleft out:\n {2}1 sample failed in the run/);
    expect(output.join('\n')).toMatch(
      /4 samples with an image that EXIF turns: boxes are in upright pixels, as TAO's ODVGDataset reads them \(--frame stored/,
    );
  });

  it('accepts the result file itself and explains boxes in stored pixels', async () => {
    await run(
      join(folder, 'annotations.jsonl'),
      '--to',
      'voc',
      '--out',
      join(folder, 'voc'),
      '--split',
      'train=0.75,val=0.25',
      '--link-images',
    );

    expect(output.join('\n')).toMatch(/boxes are in the pixels as stored, since torchvision's VOCDetection ignores EXIF \(--frame upright/);
    expect(existsSync(join(folder, 'voc/ImageSets/Main/val.txt'))).toBe(true);
  });

  it('prints JSON for programs', async () => {
    await run(folder, '--to', 'coco', '--out', join(folder, 'coco'), '--json', '--min-score', '0.6');

    expect(JSON.parse(printed.join('\n'))).toMatchObject({
      format: 'coco',
      frame: 'stored',
      samples: { train: 4 },
      boxes: 6,
      left_out: { failedSamples: 1, lowScore: 2 },
      notes: { unscoredKept: 1 },
    });
  });

  it('saves the categories in a file and reads edited ones back', async () => {
    const map = join(folder, 'categories.yaml');
    await run(folder, '--to', 'coco', '--out', join(folder, 'first'), '--save-categories', map);
    const text = readFileSync(map, 'utf8');
    expect(text).toMatch(/^box: \[\] # 3\n/m);

    writeFileSync(map, text.replace('dog: [] # 1', '').replace('dogs: []', 'dogs: [dog]'));
    await run(folder, '--to', 'yolo', '--out', join(folder, 'second'), '--categories', map);
    expect(readFileSync(join(folder, 'second/data.yaml'), 'utf8')).toContain('names:\n  0: box\n  1: dogs\n  2: kasten\n');
  });

  it.each([
    [['--to', 'pascal', '--out', 'x'], /Allowed choices are odvg, odvg-mmdet/],
    [['--to', 'coco', '--out', 'x', '--min-score', '2'], /number from 0 to 1/],
    [['--to', 'coco', '--out', 'x', '--split', 'train=0.9,val=0.2'], /add up to 1\.1, not to 1/],
    [['--to', 'coco', '--out', 'x', '--split', 'train'], /is not NAME=SHARE/],
    [['--to', 'coco', '--out', 'x', '--copy-images', '--link-images'], /cannot be used with/],
    [['--to', 'coco', '--out', 'x', '--first-category-id', '2'], /Allowed choices are 0, 1/],
    [['--to', 'odvg', '--out', 'x', '--categories', 'x.yaml'], /got --categories for odvg/],
    [['--to', 'coco', '--out', 'x', '--categories', 'gone.yaml'], /cannot read the categories file gone\.yaml/],
  ])('refuses %j', async (args, problem) => {
    await expect(run(folder, ...args)).rejects.toThrow(problem);
  });

  it('refuses a place without results', async () => {
    await expect(run(join(folder, 'gone'), '--to', 'coco', '--out', 'x')).rejects.toThrow(/no results at .*gone/);
  });
});
