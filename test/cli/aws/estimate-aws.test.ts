import { expect, test } from 'vitest';
import { tempFolder } from '#test/storage/temp-folder.ts';
import { groundline, writeSamples } from '../command-line.ts';

test('groundline estimate --aws prices the AWS part of a run, apart from the model', async () => {
  const cwd = tempFolder();
  const captions = writeSamples(cwd, 20);

  const text = await groundline(['estimate', captions, '--backend', 'gemini', '--aws'], { cwd });
  const json = await groundline(['estimate', captions, '--backend', 'gemini', '--aws', '--json'], { cwd });

  expect(text.stdout).toMatch(/on AWS, without the model: \$0\.\d+\n {2}Step Functions/);
  expect(text.stdout).toMatch(/depending on your data and settings:\n {2}Data transfer out .*\n {2}Re-encoding/);
  expect(text.stdout).toMatch(/prices of us-east-1, read 2026-\d\d-\d\d/);
  const { aws } = JSON.parse(json.stdout);
  expect(aws).toMatchObject({
    samples: 20,
    geometry: { lambdas: 1, callsPerLambda: 16 },
    usd: expect.any(Number),
    ownLinesUsd: expect.any(Number),
  });
}, 60_000);
