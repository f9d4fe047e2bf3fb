import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { TruthLine } from '#evaluate/truth/truth-line.ts';
import { type Imported, type ImportOptions, importDataset } from '#import/import-dataset.ts';
import { createDirectoryFiles } from '#storage/disk/directory-files.ts';
import { tempFolder } from '#test/storage/temp-folder.ts';

export interface InputLine {
  readonly image_path: string;
  readonly caption: string;
  readonly image_id?: string | number;
  readonly expressions?: readonly { readonly text: string; readonly char_span: readonly [number, number] }[];
}

/** Writes a data set, imports it, and returns both files' lines. */
export async function imported(
  format: string,
  files: Readonly<Record<string, string>>,
  options: Partial<ImportOptions> & { readonly from?: string } = {},
): Promise<Imported & { readonly input: readonly InputLine[]; readonly truth: readonly TruthLine[] }> {
  const folder = tempFolder();
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, 'set', name)), { recursive: true });
    writeFileSync(join(folder, 'set', name), content);
  }
  const { from = Object.keys(files)[0] ?? '', ...rest } = options;
  const out = join(folder, 'out');
  const counts = await importDataset({
    format,
    source: join(folder, 'set', from),
    out: createDirectoryFiles(out),
    imagePath: (fileName) => fileName,
    phrases: true,
    absent: 0,
    seed: 0,
    phrasesPerLine: 20,
    ...rest,
  });
  const lines = (name: string) =>
    readFileSync(join(out, name), 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
  const [input, truth] = [lines('captions.jsonl') as InputLine[], lines('truth.jsonl') as TruthLine[]];
  for (const { caption, expressions } of truth)
    for (const { text, char_span } of expressions)
      if ([...caption].slice(...(char_span ?? [0, 0])).join('') !== text) throw new Error(`"${text}" is not at its span in "${caption}"`);
  return { ...counts, input, truth };
}
