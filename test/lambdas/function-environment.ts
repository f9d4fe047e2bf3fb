import { CreateBucketCommand, GetObjectCommand, PutBucketVersioningCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { CreateSecretCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { CreateStateMachineCommand, SFNClient, StartExecutionCommand } from '@aws-sdk/client-sfn';
import { afterAll, beforeAll } from 'vitest';
import { toVariables } from '#core/function-settings.ts';
import { serveDynamo } from '#test/aws/dynamo-server.ts';
import { type Emulator, startEmulator } from '#test/e2e-aws/emulator/start-emulator.ts';
import { type StandIn, startStandIn } from '#test/models/stand-in.ts';

/** The key of the model in the secret of the environment. */
export const modelKey = 'sk-very-secret';

/** The services that the functions of an environment use, for the tests of one file. */
export function serveFunctionEnvironment(Bucket: string) {
  const dynamo = serveDynamo();
  let emulator: Emulator;
  let model: StandIn;
  let variables: Record<string, string>;
  let clients: { readonly s3: S3Client; readonly sfn: SFNClient };

  beforeAll(async () => {
    [emulator, model] = await Promise.all([startEmulator(), startStandIn()]);
    const client = {
      endpoint: emulator.endpoint,
      region: 'us-east-1',
      credentials: { accessKeyId: '000000000000', secretAccessKey: 'test' },
    };
    clients = { s3: new S3Client({ ...client, forcePathStyle: true }), sfn: new SFNClient(client) };
    await clients.s3.send(new CreateBucketCommand({ Bucket }));
    await clients.s3.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status: 'Enabled' } }));
    const { ARN = '' } = await new SecretsManagerClient(client).send(
      new CreateSecretCommand({ Name: 'keys', SecretString: `{"GOOGLE_API_KEY":"","OPENAI_API_KEY":"${modelKey}"}` }),
    );
    const definition = JSON.stringify({ StartAt: 'Wait', States: { Wait: { Type: 'Wait', Seconds: 600, End: true } } });
    const { stateMachineArn = '' } = await clients.sfn.send(
      new CreateStateMachineCommand({ name: 'machine', definition, roleArn: 'arn:aws:iam::000000000000:role/any' }),
    );
    variables = {
      AWS_ENDPOINT_URL: emulator.endpoint,
      AWS_ENDPOINT_URL_DYNAMODB: dynamo.endpoint(),
      AWS_ACCESS_KEY_ID: '000000000000',
      AWS_SECRET_ACCESS_KEY: 'test',
      AWS_REGION: 'us-east-1',
      POWERTOOLS_SERVICE_NAME: 'test',
      STATE_MACHINE: stateMachineArn,
      ...toVariables({
        ENVIRONMENT: 'test',
        BUCKET: Bucket,
        TABLE: await dynamo.emptyTable(),
        MODEL_KEYS_SECRET: ARN,
        MODEL_HOSTS: [new URL(model.url).host],
        OWN_MODEL_HOSTS: [],
        CHECKPOINT_DAYS: 90,
        MAX_LAMBDAS: 2,
        SETTLE_MINUTES: 0,
        MAX_UNATTENDED_USD: 10,
      }),
    };
  }, 300_000);
  afterAll(() => Promise.all([emulator?.stop(), model?.close()]));

  return {
    model: () => model,
    sfn: () => clients.sfn,
    variables: () => variables,
    put: (Key: string, Body: string | Uint8Array) => clients.s3.send(new PutObjectCommand({ Bucket, Key, Body })),
    text: async (Key: string) => (await clients.s3.send(new GetObjectCommand({ Bucket, Key }))).Body?.transformToString() ?? '',
    /** Starts an execution that waits for ten minutes. */
    async startExecution(name: string): Promise<string> {
      const { executionArn = '' } = await clients.sfn.send(new StartExecutionCommand({ stateMachineArn: variables.STATE_MACHINE, name }));
      return executionArn;
    },
    /** The spec file of a run with the model of this environment. */
    specText: () => `autolabel_type: image_grounding
image_grounding:
  workflow: {max_workers: 8}
  vlm:
    backend: openai
    localisation_check: "off"
    openai: {base_url: "${model.url}", model_name: Qwen/Qwen3-VL-8B-Instruct}
`,
  };
}
