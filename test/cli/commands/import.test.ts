import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { addImportCommand } from '#cli/commands/import.ts';
import { tempFolder } from '#test/storage/temp-folder.ts';

let folder: string;
let printed: string;
beforeEach(() => {
  folder = tempFolder();
  printed = '';
  vi.spyOn(console, 'log').mockImplementation((text: string) => {
    printed += `${text}\n`;
  });
  const regions = [{ region_id: 1, image_id: 1, phrase: 'a red car', x: 1, y: 2, width: 30, height: 40 }];
  writeFileSync(join(folder, 'regions.json'), JSON.stringify([{ id: 1, regions }]));
});
afterEach(() => void vi.restoreAllMocks());

async function run(...args: string[]): Promise<void> {
  const program = new Command().exitOverride().configureOutput({ writeErr: () => undefined });
  addImportCommand(program);
  await program.parseAsync(['node', 'groundline', 'import', ...args]);
}

const firstLine = (name: string) =>
  JSON.parse(readFileSync(join(folder, 'out', name), 'utf8').split('\n')[0] ?? '') as { image_path: string };

describe('groundline import', () => {
  it('writes both files and prints the next command', async () => {
    await run('visual-genome', join(folder, 'regions.json'), '--out', join(folder, 'out'));

    expect(firstLine('captions.jsonl').image_path).toBe('1.jpg');
    expect(firstLine('truth.jsonl').image_path).toBe('1.jpg');
    expect(printed).toMatch(/1 line with 1 phrase and 1 box in .*out/);
    expect(printed).toMatch(/groundline generate .*captions\.jsonl --out results data\.image_root=/);
    expect(printed).toMatch(/groundline evaluate results --truth .*truth\.jsonl/);
  });

  it('names images relative to the input file, where generate looks for them', async () => {
    mkdirSync(join(folder, 'pictures'));

    await run('visual-genome', join(folder, 'regions.json'), '--out', join(folder, 'out'), '--images', join(folder, 'pictures'));

    expect(firstLine('captions.jsonl').image_path).toBe('../pictures/1.jpg');
  });

  it.each([
    [['visual-genome', 'nowhere.json'], /no dataset at nowhere\.json/],
    [['coco', 'regions.json', '--split', 'val'], /coco has no splits/],
  ])('refuses %j', async ([format = '', source = '', ...more], message) => {
    const path = source.startsWith('nowhere') ? source : join(folder, source);
    await expect(run(format, path, '--out', join(folder, 'out'), ...more)).rejects.toThrow(message);
  });
});
