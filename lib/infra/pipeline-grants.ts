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

/** What S3 needs to read and write (multipart too) for somebody, and Secrets Manager to read. */
const useOfKey = ['kms:Decrypt', 'kms:GenerateDataKey'];
/** What DynamoDB needs beside for who writes to a table. */
const useByTable = ['kms:DescribeKey', 'kms:Encrypt', 'kms:ReEncryptFrom', 'kms:ReEncryptTo'];

/** What each function may do, and nothing else: written out action by action, because the grants of CDK are wider. */
export function grantPipeline({ functions, bucket, key, table, secretArn, stateMachine, imageBuckets }: PipelineGrantsProps): void {
  const starter = functions['start-run'];
  allow(starter, ['s3:GetObject', 's3:GetObjectVersion'], [bucket.arnForObjects('inputs/*')]);
  allow(starter, ['s3:ListBucket'], [bucket.bucketArn]);
  allow(starter, ['states:StartExecution'], [stateMachine.stateMachineArn]);
  key?.grant(starter, 'kms:Decrypt');

  const images = imageBuckets.flatMap((name) => [`arn:${bucket.stack.partition}:s3:::${name}/*`]);
  for (const name of ['prepare-run', 'extract-expressions', 'ground-expressions', 'collect-results'] as const) {
    const worker = functions[name];
    allow(worker, ['s3:GetObject', 's3:GetObjectVersion'], [bucket.arnForObjects('*'), ...images]);
    // Without it S3 answers 403 instead of 404 for an image that is not there.
    allow(worker, ['s3:ListBucket'], [bucket.bucketArn, ...imageBuckets.map((each) => `arn:${bucket.stack.partition}:s3:::${each}`)]);
    allow(worker, ['s3:PutObject', 's3:AbortMultipartUpload', 's3:DeleteObject'], [bucket.arnForObjects('runs/*')]);
    allow(
      worker,
      ['dynamodb:GetItem', 'dynamodb:BatchGetItem', 'dynamodb:Query', 'dynamodb:PutItem', 'dynamodb:UpdateItem', 'dynamodb:DeleteItem'],
      [table.tableArn],
    );
    key?.grant(worker, ...useOfKey, ...useByTable);
  }
  for (const name of ['prepare-run', 'extract-expressions', 'ground-expressions'] as const)
    allow(functions[name], ['secretsmanager:GetSecretValue'], [secretArn]);

  // CDK grants no key to the map's reader and writer (aws-cdk issue 32144).
  key?.grant(stateMachine, ...useOfKey);
}

function allow(grantee: LambdaFunction, actions: string[], resources: string[]): void {
  grantee.addToRolePolicy(new PolicyStatement({ actions, resources }));
}
