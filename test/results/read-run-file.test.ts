import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { RunFile } from '#core/run-file.ts';
import { findSpecPath, readRunFile, requireRunFile } from '#results/read-run-file.ts';
import { createDirectoryFiles } from '#storage/disk/directory-files.ts';
import { readJson, writeSamples } from '#test/cli/command-line.ts';
import { runIn } from '#test/cli/in-process.ts';
import { startStandIn } from '#test/models/stand-in.ts';
import { tempFolder } from '#test/storage/temp-folder.ts';

async function readText(text: string | undefined) {
  const folder = tempFolder();
  if (text !== undefined) writeFileSync(join(folder, 'run.json'), text);
  return await readRunFile(createDirectoryFiles(folder));
}

describe('the run file of a run', () => {
  it.each([
    ['finished', []],
    ['stopped', ['workflow.budget_usd=0.0001']],
  ])('has exactly the fields of the schema when %s, and is read as it was written', async (status, overrides) => {
    const folder = tempFolder();
    writeSamples(folder, 3);
    const server = await startStandIn({ models: ['gpt-4.1'], latencyMs: 1 });
    onTestFinished(() => server.close());

    const { results } = await runIn(folder, [...server.overrides, 'vlm.coordinates=qwen3-vl', 'workflow.max_workers=1', ...overrides]);

    const written = readJson(results, 'run.json');
    expect(written).toMatchObject({ status });
    expect(RunFile.parse(written)).toEqual(written);
    expect(await readRunFile(createDirectoryFiles(results))).toEqual(written);
  });
});

describe('reading a run file', () => {
  it('ignores unknown fields and leaves out parts of another form', async () => {
    const run = await readText(
      JSON.stringify({
        run_id: 'r-1',
        status: 'dreaming',
        calls: '3',
        future: true,
        counts: { done: 2, failed: null, more: 1 },
        failures: { image_not_found: 1, odd: 'many' },
        steps: { step_0: { model: 'm', calls: -1, in_all: { calls: 4 } }, step_1: 'none', step_2: { model: 'later' } },
        files: { 'a.jsonl': { sha256: 'abc', lines: 2.5 } },
      }),
    );

    expect(run).toEqual({
      run_id: 'r-1',
      counts: { done: 2 },
      failures: { image_not_found: 1 },
      steps: { step_0: { model: 'm', in_all: { calls: 4 } }, step_2: { model: 'later' } },
      files: { 'a.jsonl': { sha256: 'abc' } },
    });
  });

  it('gives empty parts for a run that wrote none of them', async () => {
    expect(await readText('{}')).toEqual({ counts: {}, failures: {}, steps: {}, files: {} });
  });

  it('finds paths of the spec, whatever its sections hold', async () => {
    const paths = async (spec: unknown) => {
      const run = (await readText(JSON.stringify({ spec }))) ?? expect.fail('no run file');
      return [findSpecPath(run, 'input_jsonl'), findSpecPath(run, 'image_root')];
    };

    expect(await paths({ data: { input_jsonl: '/in/captions.jsonl', image_root: '' } })).toEqual(['/in/captions.jsonl', undefined]);
    expect(await paths({ data: { input_jsonl: 5 } })).toEqual([undefined, undefined]);
    expect(await paths({ data: null })).toEqual([undefined, undefined]);
    expect(await paths('none')).toEqual([undefined, undefined]);
  });

  it.each([undefined, '', '{"run_id":', '[]', 'null'])('has nothing to read in %j', async (text) => {
    expect(await readText(text)).toBeUndefined();
  });

  it('names the folder and the fix where a run file is required', async () => {
    const folder = tempFolder();
    await expect(requireRunFile(createDirectoryFiles(folder))).rejects.toThrow(
      `no run.json in ${folder}; fix: name the results folder of a run`,
    );

    writeFileSync(join(folder, 'run.json'), '[]');
    await expect(requireRunFile(createDirectoryFiles(folder))).rejects.toThrow(
      `cannot read run.json in ${folder}: expected a JSON object; fix: name a folder that groundline generate wrote`,
    );
  });
});
