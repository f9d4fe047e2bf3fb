import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { stepFiles } from '#core/step-names.ts';
import { readPreviousRun, requireUntouched } from '#local/previous-run.ts';
import { createDirectoryFiles } from '#storage/disk/directory-files.ts';
import { tempFolder } from '#test/storage/temp-folder.ts';

const path = stepFiles.step_0;
const hash = (text: string) => createHash('sha256').update(text).digest('hex');

async function check(stepFile: string | undefined, runFile: unknown): Promise<void> {
  const folder = tempFolder();
  mkdirSync(join(folder, 'step_0_expression_extraction'));
  if (stepFile !== undefined) writeFileSync(join(folder, path), stepFile);
  if (runFile !== undefined) writeFileSync(join(folder, 'run.json'), JSON.stringify(runFile));
  const results = createDirectoryFiles(folder);
  await requireUntouched(results, await readPreviousRun(results), [path]);
}

test('a step file as the last run left it may be replaced, and so may none or an empty one', async () => {
  await check('{}\n', { files: { [path]: { sha256: hash('{}\n') } } });
  await check(undefined, undefined);
  await check('', undefined);
});

test('a file that a killed run was about to replace may be replaced', async () => {
  await check('{}\n', { files: { [path]: { sha256: hash('new'), replaced: hash('{}\n') } } });
});

test('a step file edited by hand is not written over', async () => {
  await expect(check('{"edited":1}\n', { files: { [path]: { sha256: hash('{}\n') } } })).rejects.toThrow(
    /step_0.*was changed since the run that wrote it.*workflow\.steps=\["1"\].*force_reprocess=true/,
  );
});

test("a step file of another program, such as TAO's, is not written over", async () => {
  await expect(check('{}\n', undefined)).rejects.toThrow(/was not written by a run of this folder/);
});
