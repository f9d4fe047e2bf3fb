import { type CfnElement, type Stack, Token, Validations } from 'aws-cdk-lib';
import type { Table } from 'aws-cdk-lib/aws-dynamodb';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import type { Bucket } from 'aws-cdk-lib/aws-s3';
import type { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import type { StateMachine } from 'aws-cdk-lib/aws-stepfunctions';
import type { IConstruct } from 'constructs';
import type { FunctionName } from './function-asset.ts';

export interface ExplainedProps {
  readonly bucket: Bucket;
  readonly table: Table;
  readonly secret: Secret;
  readonly deadLetters: Queue;
  readonly stateMachine: StateMachine;
  readonly functions: Readonly<Record<FunctionName, LambdaFunction>>;
  readonly imageBuckets: readonly string[];
}

/** Accepted findings of cdk-nag, each with its reason. Any other finding fails `cdk synth` and the tests. */
export function explainFindings(
  stack: Stack,
  { bucket, table, secret, deadLetters, stateMachine, functions, imageBuckets }: ExplainedProps,
): void {
  explain(
    bucket,
    'AwsSolutions-S1',
    'access logs need a second bucket and cost more than the data; the owner can enable CloudTrail data events',
  );
  explain(table, 'AwsSolutions-DDB3', 'a setting (pointInTimeRecovery): an environment that can be deleted needs no backups');
  explain(secret, 'AwsSolutions-SMG4', 'the keys are issued by model providers; AWS cannot rotate them');
  explain(deadLetters, 'AwsSolutions-SQS3', 'this queue is the dead letter queue');
  explain(deadLetters, 'Serverless-SQSRedrivePolicy', 'this queue is the dead letter queue');

  const objects = `<${composeId(stack, bucket)}.Arn>`;
  for (const [name, each] of Object.entries(functions)) {
    explain(
      each,
      'Serverless-LambdaDLQ',
      name === 'start-run'
        ? 'its failed events go to the queue through an on-failure destination, which also keeps the cause'
        : 'called by the state machine, which retries and catches; it is never invoked asynchronously',
    );
    const { role } = each;
    if (role === undefined) continue;
    wildcard(role, '*', 'X-Ray’s PutTraceSegments and the network interfaces of functions in a VPC support no resources');
    if (name === 'start-run') {
      for (const action of ['kms:GenerateDataKey*', 'kms:ReEncrypt*'])
        explain(
          role,
          `AwsSolutions-IAM5[Action::${action}]`,
          'CDK’s grant to send to an encrypted queue; it is limited to the key of the stack',
        );
      wildcard(role, `${objects}/inputs/*`, 'the uploader chooses the names of datasets');
      continue;
    }
    wildcard(role, `${objects}/*`, 'images may be anywhere in the bucket');
    wildcard(role, `${objects}/runs/*`, 'each run writes below its own prefix');
    for (const other of imageBuckets)
      wildcard(role, `arn:${findPartition(stack)}:s3:::${other}/*`, 'the environment names this bucket as a source of images');
  }
  explainWorkflow(stack, stateMachine, functions, bucket);
}

function explainWorkflow(stack: Stack, stateMachine: StateMachine, functions: ExplainedProps['functions'], bucket: Bucket): void {
  const machine = composeId(stack, stateMachine);
  const executions = `arn:${findPartition(stack)}:states:${writeLikeNag(stack.region, 'Region')}:${writeLikeNag(stack.account, 'AccountId')}:execution:`;
  const itsName = `{"Fn::Select":[6,{"Fn::Split":[":",{"Ref":"${machine}"}]}]}`;
  wildcard(stateMachine, '*', 'X-Ray and the delivery of logs support no resources');
  wildcard(
    stateMachine,
    `arn:<AWS::Partition>:s3:::<${composeId(stack, bucket)}>/*`,
    'the map reads the manifest and writes its results below the prefix of its run',
  );
  for (const each of Object.values(functions))
    wildcard(stateMachine, `<${composeId(stack, each)}.Arn>:*`, 'CDK’s grant to invoke covers versions of the function');
  wildcard(stateMachine, `${executions}${itsName}:*`, 'a distributed map starts and redrives children of its state machine');
  wildcard(stateMachine, `${executions}${itsName}/Samples:*`, 'a distributed map stops children of its map run');
  const { scope } = stateMachine.node;
  if (scope) wildcard(scope, `${executions}<${machine}.Name>:*`, 'the holder of a lease may be any execution of this state machine');
}

function wildcard(scope: IConstruct, resource: string, reason: string): void {
  explain(scope, `AwsSolutions-IAM5[Resource::${resource}]`, reason);
}

function explain(scope: IConstruct, id: string, reason: string): void {
  Validations.of(scope).acknowledge({ id, reason });
}

/** A value as cdk-nag writes it. Account and region may be unresolved until deployment. */
function writeLikeNag(value: string, pseudoParameter: string): string {
  return Token.isUnresolved(value) ? `<AWS::${pseudoParameter}>` : value;
}

function findPartition({ partition }: Stack): string {
  return writeLikeNag(partition, 'Partition');
}

function composeId(stack: Stack, construct: IConstruct): string {
  return stack.getLogicalId(construct.node.defaultChild as CfnElement);
}
