import { Annotations, CfnOutput, Stack, type StackProps, Tags } from 'aws-cdk-lib';
import type { Table } from 'aws-cdk-lib/aws-dynamodb';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { Bucket } from 'aws-cdk-lib/aws-s3';
import type { Topic } from 'aws-cdk-lib/aws-sns';
import type { StateMachine } from 'aws-cdk-lib/aws-stepfunctions';
import type { Construct } from 'constructs';
import { toVariables } from '#core/function-settings.ts';
import { addLog } from './add-log.ts';
import { Alarms } from './alarms.ts';
import { CheckpointTable } from './checkpoint-table.ts';
import { DataBucket } from './data-bucket.ts';
import { EncryptionKey } from './encryption-key.ts';
import { allowedHosts, type Environment, renameOldSettings } from './environments.ts';
import { explainFindings } from './explained-findings.ts';
import { ModelKeysSecret } from './model-keys-secret.ts';
import { Network } from './network.ts';
import { PipelineFunctions } from './pipeline-functions.ts';
import { grantPipeline } from './pipeline-grants.ts';
import { RunDashboard } from './run-dashboard.ts';
import { RunNotifications } from './run-notifications.ts';
import { UploadTrigger } from './upload-trigger.ts';
import { Workflow } from './workflow.ts';

export interface GroundlineStackProps extends StackProps {
  readonly environmentName: string;
  readonly environment: Environment;
}

interface StackOutputs {
  readonly bucket: Bucket;
  readonly key: IKey | undefined;
  readonly table: Table;
  readonly secretArn: string;
  readonly modelHosts: readonly string[];
  readonly stateMachine: StateMachine;
  readonly dashboard: RunDashboard;
  readonly topic: Topic;
}

/**
 * The stack of one environment. Each part is a construct; this class connects them.
 * Construct ids are parts of logical ids, so they never change: a new id would replace a deployed table, bucket or key.
 */
export class GroundlineStack extends Stack {
  constructor(scope: Construct, id: string, props: GroundlineStackProps) {
    super(scope, id, props);
    const { environmentName } = props;
    const environment = renameOldSettings(props.environment, (message) => Annotations.of(this).addInfo(message));
    const { retain } = environment;

    const key = environment.customerKey ? new EncryptionKey(this, 'Encryption', { retain }).key : undefined;
    const { bucket } = new DataBucket(this, 'Data', { key, environment });
    const { table } = new CheckpointTable(this, 'Memory', { key, retain, pointInTimeRecovery: environment.pointInTimeRecovery });
    const { secret, arn: secretArn } = new ModelKeysSecret(this, 'ModelKeys', { key, retain });
    const network = environment.vpc
      ? new Network(this, 'Network', { natGateway: environment.natGateway, flowLogs: addLog(this, 'FlowLogs', environment, key) })
      : undefined;
    const modelHosts = allowedHosts(environment);
    const variables = toVariables({
      ENVIRONMENT: environmentName,
      BUCKET: bucket.bucketName,
      TABLE: table.tableName,
      MODEL_KEYS_SECRET: secretArn,
      MODEL_HOSTS: modelHosts,
      OWN_MODEL_HOSTS: environment.ownModelHosts,
      CHECKPOINT_DAYS: environment.checkpointDays ?? 0,
      MAX_LAMBDAS: environment.maxLambdas,
      SETTLE_MINUTES: environment.imageGraceMinutes,
      MAX_UNATTENDED_USD: environment.maxUnattendedUsd,
    });
    const functions = new PipelineFunctions(this, 'Functions', { environment, key, network, variables }).byName;
    const { stateMachine } = new Workflow(this, 'Workflow', { environment, key, bucket, functions });
    functions['start-run'].addEnvironment('STATE_MACHINE', stateMachine.stateMachineArn);
    const { deadLetters } = new UploadTrigger(this, 'UploadStart', { bucket, startRun: functions['start-run'], key });
    grantPipeline({ functions, bucket, key, table, secretArn, stateMachine, imageBuckets: environment.imageBuckets });
    const { topic } = new RunNotifications(this, 'News', { environmentName, environment, key, stateMachine, deadLetters });
    const { alarmModelUsdPerDay: modelUsdPerDay } = environment;
    new Alarms(this, 'Alarms', { environmentName, modelUsdPerDay, functions, stateMachine, table, deadLetters, topic });
    const dashboard = new RunDashboard(this, 'Dashboard', { environmentName, functions, stateMachine, table });

    explainFindings(this, { bucket, table, secret, deadLetters, stateMachine, functions, imageBuckets: environment.imageBuckets });

    const tags = { Project: 'groundline', Environment: environmentName, ...environment.tags };
    for (const [name, value] of Object.entries(tags)) Tags.of(this).add(name, value);
    this.addOutputs({ bucket, key, table, secretArn, modelHosts, stateMachine, dashboard, topic });
  }

  /** Outputs for people in the console and for the command line, which reads them to find an environment. */
  private addOutputs({ bucket, key, table, secretArn, modelHosts, stateMachine, dashboard, topic }: StackOutputs): void {
    this.output('BucketName', bucket.bucketName, 'Bucket of inputs and runs');
    if (key) this.output('KeyArn', key.keyArn, 'Uploads need kms:GenerateDataKey and kms:Decrypt on this key, reads need kms:Decrypt');
    this.output('InputPrefix', `s3://${bucket.bucketName}/inputs/`, 'Upload <dataset>/captions.jsonl below this to start a run');
    this.output('StateMachineArn', stateMachine.stateMachineArn, 'For groundline start, watch and fetch');
    this.output(
      'StateMachineUrl',
      this.console(`states/home?region=${this.region}#/statemachines/view/${stateMachine.stateMachineArn}`),
      'Runs in the console',
    );
    this.output('DashboardUrl', dashboard.url, 'Samples, calls, cost, errors');
    this.output('TableName', table.tableName, 'Checkpoints');
    this.output('ModelKeysSecret', secretArn, 'The API keys of the models');
    this.output('ModelHosts', modelHosts.join(','), 'Hosts that model calls may go to: modelHosts and ownModelHosts of the environment');
    this.output(
      'PutModelKeys',
      `aws secretsmanager put-secret-value --secret-id ${secretArn} --secret-string file://keys.json`,
      'Stores the API keys of keys.json, {"api.openai.com":"…","generativelanguage.googleapis.com":"…"}, for the functions',
    );
    this.output('TopicArn', topic.topicArn, 'Topic of completed and failed runs; subscribe to receive them');
    this.output(
      'ExampleStart',
      `{"input":"s3://${bucket.bucketName}/inputs/demo/captions.jsonl"}`,
      'Input of an execution started in the console',
    );
  }

  private console(path: string): string {
    return `https://${this.region}.console.aws.amazon.com/${path}`;
  }

  private output(name: string, value: string, description: string): void {
    new CfnOutput(this, name, { value, description });
  }
}
