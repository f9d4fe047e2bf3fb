import { HeadBucketCommand } from '@aws-sdk/client-s3';
import { DescribeStateMachineCommand } from '@aws-sdk/client-sfn';
import { describe, expect, inject, it } from 'vitest';
import { awsAvailable, openCloud } from './cloud.ts';
import { makeDataset } from './dataset.ts';
import { cdk, deployed } from './emulator/deploy.ts';
import { modelHosts, startModel } from './model.ts';

describe.skipIf(!awsAvailable)('a second environment in the same account (needs python3 with venv)', () => {
  const app = ['--app', 'node test/e2e-aws/emulator/changed-app.ts'];
  const emulator = inject('deployed') ?? { env: {}, scratch: '' };
  const changes = (more: object) => `changes=${JSON.stringify({ modelHosts, ...more })}`;
  const deploy = (...context: string[]) => deployed(emulator, 'changed', ...app, ...context.flatMap((each) => ['-c', each]));

  it('needs each grant, uses a changed setting and is destroyed completely', async () => {
    const model = await startModel();
    try {
      const cloud = openCloud(await deploy('without=dynamodb:PutItem', changes({})));
      await cloud.putModelKey('sk-of-the-tests');
      const set = makeDataset('grants', 6, model, undefined, cloud);
      await set.upload(['workflow.max_workers=3']);
      const [denied] = await cloud.ended('grants');
      expect(denied).toMatchObject({ status: 'FAILED' });
      expect(await denied.file('annotations.jsonl')).toBe('');
      expect(model.calls).toEqual([]);

      await deploy(changes({ maxUnattendedUsd: 0.01 }));
      const granted = await cloud.startRun('grants', { input: set.uri });
      expect(granted).toMatchObject({ status: 'SUCCEEDED' });
      expect(model.calls).toHaveLength(12);

      const priced = makeDataset('unasked', 100, model, undefined, cloud);
      await priced.upload(['vlm.openai.model_name=gpt-4.1', 'vlm.coordinates=qwen3-vl']);
      const [unasked] = await cloud.ended('unasked');
      expect(await unasked.file('run.json')).toMatch(/needs approval.*\$0\.01/);
      expect(model.calls).toHaveLength(12);

      await cdk(emulator, 'destroy', ...app, '--force', 'Groundline-changed');
      await expect(cloud.s3.send(new HeadBucketCommand({ Bucket: cloud.bucket }))).rejects.toThrow();
      await expect(cloud.sfn.send(new DescribeStateMachineCommand({ stateMachineArn: cloud.stateMachineArn }))).rejects.toThrow();
    } finally {
      await model.close();
    }
  });
});
