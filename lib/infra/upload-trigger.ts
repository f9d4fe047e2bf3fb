import { Duration } from 'aws-cdk-lib';
import { Rule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction as FunctionTarget } from 'aws-cdk-lib/aws-events-targets';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { SqsDestination } from 'aws-cdk-lib/aws-lambda-destinations';
import type { Bucket } from 'aws-cdk-lib/aws-s3';
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';

export interface UploadTriggerProps {
  readonly bucket: Bucket;
  readonly startRun: LambdaFunction;
  readonly key: IKey | undefined;
}

/** The files whose upload starts a run. `*` matches slashes too: everything between `inputs/` and the file name is the dataset. */
export const triggerKeys = ['inputs/*/captions.jsonl', 'inputs/*/captions.jsonl.gz', 'inputs/*/spec.yaml'];

/** Starts a run for each upload. An upload that fails to start one goes to a queue with an alarm. */
export class UploadTrigger extends Construct {
  readonly deadLetters: Queue;

  constructor(scope: Construct, id: string, { bucket, startRun, key }: UploadTriggerProps) {
    super(scope, id);
    this.deadLetters = new Queue(this, 'DeadLetters', {
      enforceSSL: true,
      retentionPeriod: Duration.days(14),
      ...(key ? { encryption: QueueEncryption.KMS, encryptionMasterKey: key } : { encryption: QueueEncryption.SQS_MANAGED }),
    });
    startRun.configureAsyncInvoke({ onFailure: new SqsDestination(this.deadLetters), retryAttempts: 2, maxEventAge: Duration.hours(2) });
    new Rule(this, 'Uploads', {
      description: 'Groundline: an upload of captions or of a spec starts a run',
      eventPattern: {
        source: ['aws.s3'],
        detailType: ['Object Created'],
        detail: { bucket: { name: [bucket.bucketName] }, object: { key: triggerKeys.map((wildcard) => ({ wildcard })) } },
      },
      targets: [new FunctionTarget(startRun, { deadLetterQueue: this.deadLetters, maxEventAge: Duration.hours(2), retryAttempts: 10 })],
    });
  }
}
