import { CloudFormationClient, CreateStackCommand, DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import { CreateTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { GetObjectCommand, ListObjectsV2Command, PutBucketVersioningCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { CreateStateMachineCommand, SFNClient } from '@aws-sdk/client-sfn';
import { afterAll, beforeAll } from 'vitest';
import { pythonMissing } from '#test/e2e-aws/emulator/install-emulator.ts';
import { type Emulator, startEmulator } from '#test/e2e-aws/emulator/start-emulator.ts';

export const awsAvailable = !pythonMissing();

/** A stack with the outputs of an environment, whose state machine runs the given states: enough for commands that use one. */
export function serveStack() {
  let emulator: Emulator;
  let stacks = 0;
  beforeAll(async () => {
    emulator = await startEmulator();
  }, 300_000);
  afterAll(() => emulator?.stop());
  const client = () => ({
    endpoint: emulator.endpoint,
    region: 'us-east-1',
    credentials: { accessKeyId: '000000000000', secretAccessKey: 'test' },
  });

  return {
    env: () => emulator.env,
    async makeEnvironment(states: object = { StartAt: 'Wait', States: { Wait: { Type: 'Wait', Seconds: 600, End: true } } }) {
      const name = `t${stacks++}`;
      const Bucket = `groundline-${process.pid}-${name}`;
      const [s3, sfn, dynamo] = [
        new S3Client({ ...client(), forcePathStyle: true }),
        new SFNClient(client()),
        new DynamoDBClient(client()),
      ];
      const { stateMachineArn = '' } = await sfn.send(
        new CreateStateMachineCommand({ name: Bucket, definition: JSON.stringify(states), roleArn: 'arn:aws:iam::000000000000:role/any' }),
      );
      const TableName = Bucket;
      const text = (AttributeName: string) => ({ AttributeName, AttributeType: 'S' as const });
      await dynamo.send(
        new CreateTableCommand({
          TableName,
          BillingMode: 'PAY_PER_REQUEST',
          AttributeDefinitions: [text('sample_id'), text('step')],
          KeySchema: [
            { AttributeName: 'sample_id', KeyType: 'HASH' },
            { AttributeName: 'step', KeyType: 'RANGE' },
          ],
        }),
      );
      const Outputs = {
        BucketName: { Value: Bucket },
        StateMachineArn: { Value: stateMachineArn },
        TableName: { Value: TableName },
        ModelHosts: { Value: 'generativelanguage.googleapis.com,vlm' },
      };
      const TemplateBody = JSON.stringify({
        Resources: { Bucket: { Type: 'AWS::S3::Bucket', Properties: { BucketName: Bucket } } },
        Outputs,
      });
      const formation = new CloudFormationClient(client());
      await formation.send(new CreateStackCommand({ StackName: `Groundline-${name}`, TemplateBody }));
      for (;;) {
        const { Stacks = [] } = await formation.send(new DescribeStacksCommand({ StackName: `Groundline-${name}` }));
        if (Stacks[0]?.StackStatus === 'CREATE_COMPLETE') break;
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      await s3.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status: 'Enabled' } }));
      return {
        name,
        bucket: Bucket,
        table: TableName,
        stateMachine: stateMachineArn,
        sfn,
        dynamo,
        put: (Key: string, Body: string) => s3.send(new PutObjectCommand({ Bucket, Key, Body })),
        get: async (Key: string) => (await s3.send(new GetObjectCommand({ Bucket, Key }))).Body?.transformToString(),
        keys: async () => ((await s3.send(new ListObjectsV2Command({ Bucket }))).Contents ?? []).map(({ Key }) => Key),
      };
    },
  };
}
