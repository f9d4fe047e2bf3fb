import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { StartExecutionCommand } from '@aws-sdk/client-sfn';
import { describe, expect, it } from 'vitest';
import { tempFolder } from '#test/storage/temp-folder.ts';
import { awsAvailable, serveStack } from '../aws-stack.ts';
import { groundline } from '../command-line.ts';

const aws = serveStack();

async function open() {
  const stack = await aws.makeEnvironment();
  const prefix = 'runs/birds/birds-1';
  await stack.put(`${prefix}/annotations.jsonl`, '{"a":1}\n');
  await stack.put(`${prefix}/step_1_grounding/annotations.jsonl`, '{"a":1}\n');
  await stack.put(`${prefix}/run.json`, '{}');
  await stack.put(`${prefix}/work/parts/step_0/000000000001.jsonl`, 'x');
  await stack.put('runs/birds/birds-10/annotations.jsonl', 'of another run');
  const cwd = tempFolder();
  const fetchRun = (...args: string[]) => groundline(['fetch', ...args], { cwd, env: { ...aws.env() } });
  return { ...stack, cwd, fetchRun };
}

describe.skipIf(!awsAvailable)('groundline fetch', { timeout: 120_000 }, () => {
  it('downloads the result files of a run and nothing else', async () => {
    const { sfn, stateMachine, name, bucket, cwd, fetchRun } = await open();
    const input = JSON.stringify({ input: `s3://${bucket}/inputs/birds/captions.jsonl` });
    await sfn.send(new StartExecutionCommand({ stateMachineArn: stateMachine, name: 'birds-1', input }));

    const { code, stdout } = await fetchRun('birds-1', '--env', name, '--out', 'results');

    expect({ code, stdout }).toEqual({ code: 0, stdout: '3 files in results\n' });
    expect(readFileSync(join(cwd, 'results/step_1_grounding/annotations.jsonl'), 'utf8')).toBe('{"a":1}\n');
    expect(readFileSync(join(cwd, 'results/annotations.jsonl'), 'utf8')).toBe('{"a":1}\n');
    expect(existsSync(join(cwd, 'results/work'))).toBe(false);
  });

  it('accepts the S3 address of a run without an environment', async () => {
    const { bucket, fetchRun } = await open();

    expect(await fetchRun(`s3://${bucket}/runs/birds/birds-1`, '--out', 'results')).toMatchObject({
      code: 0,
      stdout: '3 files in results\n',
    });
  });

  it('leaves results with more completed lines in place unless --replace is given', async () => {
    const { bucket, cwd, fetchRun } = await open();
    const held = [1, 2].map((n) => `${JSON.stringify({ image_path: `${n}.png`, caption: 'a car', status: 'ok' })}\n`).join('');
    mkdirSync(join(cwd, 'results'));
    writeFileSync(join(cwd, 'results/annotations.jsonl'), held);

    const kept = await fetchRun(`s3://${bucket}/runs/birds/birds-1`, '--out', 'results');

    expect(kept.stdout).toBe('3 files in results/stopped\n');
    expect(kept.stderr).toMatch(/hold more completed lines \(2\).*--replace/);
    expect(readFileSync(join(cwd, 'results/annotations.jsonl'), 'utf8')).toBe(held);
    await fetchRun(`s3://${bucket}/runs/birds/birds-1`, '--out', 'results', '--replace');
    expect(readFileSync(join(cwd, 'results/annotations.jsonl'), 'utf8')).toBe('{"a":1}\n');
  });

  it('reports a run without results', async () => {
    const { bucket, fetchRun } = await open();

    expect(await fetchRun(`s3://${bucket}/runs/birds/none`, '--out', 'results')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('no results at'),
    });
  });
});
