import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const run = promisify(execFile);

test.each(['bin/groundline.js', 'bin/groundline.ts'])('%s prints its version and exits with 1 for a missing input', async (entry) => {
  const { stdout } = await run(process.execPath, [entry, '--version']);

  expect(stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  await expect(run(process.execPath, [entry, 'generate', 'nothing.jsonl'])).rejects.toMatchObject({ code: 1 });
});
