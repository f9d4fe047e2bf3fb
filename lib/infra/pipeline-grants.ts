import type { Table } from 'aws-cdk-lib/aws-dynamodb';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import type { Bucket } from 'aws-cdk-lib/aws-s3';
import type { StateMachine } from 'aws-cdk-lib/aws-stepfunctions';
import type { FunctionName } from './function-asset.ts';

export interface PipelineGrantsProps {
  readonly functions: Readonly<Record<FunctionName, LambdaFunction>>;
  readonly bucket: Bucket;
  readonly key: IKey | undefined;
  readonly table: Table;
  readonly secretArn: string;
  readonly stateMachine: StateMachine;
  readonly imageBuckets: readonly string[];
}

type Worker = Exclude<FunctionName, 'start-run'>;

/** DynamoDB actions of each worker. Checkpoints, run states, leases and batch marks are items of one table. */
const tableActions: Readonly<Record<Worker, readonly string[]>> = {
  'prepare-run': ['GetItem', 'PutItem', 'UpdateItem', 'DeleteItem'],
  'extract-expressions': ['GetItem', 'BatchGetItem', 'Query', 'PutItem', 'UpdateItem', 'DeleteItem'],
  'ground-expressions': ['GetItem', 'BatchGetItem', 'Query', 'PutItem', 'UpdateItem', 'DeleteItem'],
  'collect-results': ['GetItem', 'UpdateItem', 'DeleteItem'],
};
/** S3 actions of each worker below `runs/`: uploads can be aborted, and state files are deleted at the end. */
const fileActions: Readonly<Record<Worker, readonly string[]>> = {
  'prepare-run': ['PutObject', 'AbortMultipartUpload', 'DeleteObject'],
  'extract-expressions': ['PutObject', 'AbortMultipartUpload'],
  'ground-expressions': ['PutObject', 'AbortMultipartUpload'],
  'collect-results': ['PutObject', 'AbortMultipartUpload', 'DeleteObject'],
};
/** KMS actions for S3 reads and writes, multipart uploads included, and for reads of Secrets Manager. */
const useOfKey = ['kms:Decrypt', 'kms:GenerateDataKey'];
/** Further KMS actions for writes to DynamoDB. */
const useByTable = ['kms:DescribeKey', 'kms:Encrypt', 'kms:ReEncryptFrom', 'kms:ReEncryptTo'];

/** The permissions of each function, action by action, because the grants of CDK are wider. */
export function grantPipeline(props: PipelineGrantsProps): void {
  const { functions, bucket, key, secretArn, stateMachine } = props;
  const starter = functions['start-run'];
  allow(starter, ['s3:GetObject', 's3:GetObjectVersion'], [bucket.arnForObjects('inputs/*')]);
  allow(starter, ['s3:ListBucket'], [bucket.bucketArn]);
  allow(starter, ['states:StartExecution'], [stateMachine.stateMachineArn]);
  key?.grant(starter, 'kms:Decrypt');

  for (const name of Object.keys(tableActions) as Worker[]) grantWorker(name, props);
  for (const name of ['prepare-run', 'extract-expressions', 'ground-expressions'] as const)
    allow(functions[name], ['secretsmanager:GetSecretValue'], [secretArn]);

  // CDK grants no key to the reader and writer of the distributed map (github.com/aws/aws-cdk/issues/32144).
  key?.grant(stateMachine, ...useOfKey);
}

function grantWorker(name: Worker, { functions, bucket, key, table, imageBuckets }: PipelineGrantsProps): void {
  const worker = functions[name];
  const others = imageBuckets.map((each) => `arn:${bucket.stack.partition}:s3:::${each}`);
  allow(worker, ['s3:GetObject', 's3:GetObjectVersion'], [bucket.arnForObjects('*'), ...others.map((each) => `${each}/*`)]);
  // Without it S3 returns 403 instead of 404 for a missing image.
  allow(worker, ['s3:ListBucket'], [bucket.bucketArn, ...others]);
  allow(
    worker,
    fileActions[name].map((action) => `s3:${action}`),
    [bucket.arnForObjects('runs/*')],
  );
  allow(
    worker,
    tableActions[name].map((action) => `dynamodb:${action}`),
    [table.tableArn],
  );
  key?.grant(worker, ...useOfKey, ...useByTable);
}

function allow(grantee: LambdaFunction, actions: string[], resources: string[]): void {
  grantee.addToRolePolicy(new PolicyStatement({ actions, resources }));
}
