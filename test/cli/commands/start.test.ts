import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DescribeExecutionCommand, ListExecutionsCommand } from '@aws-sdk/client-sfn';
import { describe, expect, it } from 'vitest';
import { tempFolder } from '#test/storage/temp-folder.ts';
import { awsAvailable, serveStack } from '../aws-stack.ts';
import { groundline, writeSamples } from '../command-line.ts';

const aws = serveStack();

async function open() {
  const stack = await aws.makeEnvironment();
  const cwd = join(tempFolder(), 'birds');
  mkdirSync(cwd, { recursive: true });
  const captions = writeSamples(cwd, 3);
  const run = (...args: string[]) => groundline(['start', ...args], { cwd, env: { ...aws.env() } });
  const executions = async () => {
    const { executions: all = [] } = await stack.sfn.send(new ListExecutionsCommand({ stateMachineArn: stack.stateMachine }));
    return Promise.all(
      all.map(async ({ executionArn, name }) => ({
        name,
        input: JSON.parse((await stack.sfn.send(new DescribeExecutionCommand({ executionArn }))).input ?? ''),
      })),
    );
  };
  return { ...stack, cwd, captions, run, executions };
}

describe.skipIf(!awsAvailable)('groundline start', { timeout: 120_000 }, () => {
  it('uploads images, spec and captions and starts the run of that upload', async () => {
    const { name, bucket, captions, run, keys, get, executions } = await open();

    const { code, stdout, stderr } = await run(captions, '--env', name, 'vlm.backend=openai', 'vlm.openai.base_url=http://vlm', '--json');

    expect({ code, stderr }).toMatchObject({ code: 0, stderr: expect.stringContaining('3 images uploaded, 0 unchanged in the bucket') });
    expect(await keys()).toEqual(
      expect.arrayContaining(['inputs/birds/captions.jsonl', 'inputs/birds/img/0.png', 'inputs/birds/spec.yaml']),
    );
    expect(await get('inputs/birds/spec.yaml')).toMatch(/backend: openai/);
    const [only, ...more] = await executions();
    expect(more).toEqual([]);
    const started = JSON.parse(stdout);
    expect(started).toMatchObject({
      run: only?.name,
      input: `s3://${bucket}/inputs/birds/captions.jsonl`,
      url: expect.stringContaining('console.aws.amazon.com'),
    });
    expect(only?.input).toEqual({ input: started.input, uploaded: { captions: expect.any(String), spec: expect.any(String) } });
  });

  it('uploads no image that is there already', async () => {
    const { name, captions, run } = await open();
    await run(captions, '--env', name, '--backend', 'gemini');

    const { stderr } = await run(captions, '--env', name, '--backend', 'gemini');

    expect(stderr).toContain('0 images uploaded, 3 unchanged in the bucket');
  });

  it('starts captions in S3 with settings, and an earlier run again', async () => {
    const { name, bucket, run, executions, put } = await open();
    await put('inputs/fish/captions.jsonl', '{}');

    const first = await run(`s3://${bucket}/inputs/fish/captions.jsonl`, '--env', name, '--limit', '5', '--dry-run', '--json');
    const again = await run('--again', JSON.parse(first.stdout).run, '--env', name, '--json');

    const inputs = (await executions()).map(({ input }) => input);
    const input = { input: `s3://${bucket}/inputs/fish/captions.jsonl`, spec: { 'workflow.limit': 5 }, dry_run: true };
    expect(inputs).toHaveLength(2);
    expect(inputs).toEqual(expect.arrayContaining([input, { ...input, forced_since: JSON.parse(first.stdout).run }]));
    expect(JSON.parse(again.stdout).run).not.toBe(JSON.parse(first.stdout).run);
  });

  it('reads no stack where bucket and state machine are named', async () => {
    const { bucket, stateMachine, captions, run } = await open();

    const { code } = await run(captions, '--bucket', bucket, '--state-machine', stateMachine, '--backend', 'gemini');

    expect(code).toBe(0);
  });

  it.each([
    ['an environment that is none', ['captions.jsonl', '--env', 'nowhere'], /no stack Groundline-nowhere .*npx cdk deploy -c env=nowhere/],
    ['no environment', ['captions.jsonl'], /no environment: .*fix: add --env <name>/],
    ['nothing to start', ['--env', 'x'], /no input: expected either a captions file or --again RUN/],
    [
      'a run that is none',
      ['--again', 'r-1', '--state-machine', 'arn:aws:states:us-east-1:000000000000:stateMachine:m', '--bucket', 'b'],
      /there is no run r-1/,
    ],
  ])('reports %s with what to do', async (_, args, message) => {
    const { run } = await open();

    const { code, stderr } = await run(...args);

    expect(stderr).toMatch(message);
    expect(code).toBe(1);
  });

  it('uploads no spec that holds a key', async () => {
    const { name, cwd, captions, run, keys } = await open();
    const spec = join(cwd, 'spec.yaml');
    writeFileSync(
      spec,
      'autolabel_type: image_grounding\nimage_grounding: {vlm: {backend: openai, openai: {api_key: sk-secret-1, base_url: "http://vlm"}}}\n',
    );

    const { code, stderr } = await run(captions, '-e', spec, '--env', name);

    expect(code).toBe(1);
    expect(stderr).toMatch(/holds a secret \(image_grounding\.vlm\.openai\.api_key\).*Secrets Manager/);
    expect(stderr).not.toContain('sk-secret');
    expect(await keys()).toEqual([]);
  });

  it('uploads nothing for a host that the environment does not name', async () => {
    const { name, captions, run, keys } = await open();

    const { code, stderr } = await run(captions, '--env', name, 'vlm.backend=openai', 'vlm.openai.base_url=https://evil.example/v1');

    expect(code).toBe(1);
    expect(stderr).toMatch(
      /^groundline: vlm\.openai\.base_url is not allowed here: got the host evil\.example, expected one of .*modelHosts/,
    );
    expect(await keys()).toEqual([]);
  });
});
