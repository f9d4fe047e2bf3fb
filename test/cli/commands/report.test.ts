import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Command } from 'commander';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { addReportCommand } from '#cli/commands/report.ts';
import { embeddedData, scratchFolder } from '#test/report/report-in-folder.ts';
import { writeSampleResults } from '#test/report/sample-results.ts';

let folder: string;
let printed: string[];
beforeEach(async () => {
  folder = await scratchFolder();
  printed = [];
  vi.spyOn(console, 'log').mockImplementation((line: string) => void printed.push(line));
});
afterEach(async () => {
  vi.restoreAllMocks();
  await rm(folder, { recursive: true });
});

async function report(...args: string[]): Promise<void> {
  const program = new Command().exitOverride().configureOutput({ writeErr: () => undefined });
  addReportCommand(program);
  await program.parseAsync(['node', 'groundline', 'report', ...args]);
}

describe('groundline report', () => {
  it('writes the report with its pictures next to the results and prints the path', async () => {
    await writeSampleResults(folder, { samples: 8 });

    await report(folder);

    expect(printed).toEqual([join(folder, 'report.html')]);
    const { samples } = embeddedData(await readFile(join(folder, 'report.html'), 'utf8'));
    expect(samples.map(({ picture }) => picture)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  });

  it('shows no more samples than asked for', async () => {
    await writeSampleResults(folder, { samples: 30 });

    await report(folder, '--max-samples', '10');

    expect(embeddedData(await readFile(join(folder, 'report.html'), 'utf8')).samples).toHaveLength(10);
  });

  it('refuses a folder without results', async () => {
    await expect(report(folder)).rejects.toMatchObject({ name: 'UsageError' });
  });

  it('refuses a number of samples that is not a number', async () => {
    await writeSampleResults(folder, { samples: 1 });

    await expect(report(folder, '--max-samples', 'all')).rejects.toThrow(/expected an integer ≥ 1/);
  });
});
