import { type CfnResource, Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { BlockPublicAccess, Bucket, BucketEncryption, CfnBucket, ObjectOwnership } from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import { addLog } from './add-log.ts';
import type { Environment } from './environments.ts';

export interface DataBucketProps {
  readonly key: IKey | undefined;
  readonly environment: Environment;
}

/** One bucket for `inputs/` and `runs/`: versioned, encrypted, TLS only, with upload events to EventBridge. */
export class DataBucket extends Construct {
  readonly bucket: Bucket;

  constructor(scope: Construct, id: string, { key, environment }: DataBucketProps) {
    super(scope, id);
    const { retain, runDays } = environment;
    this.bucket = new Bucket(this, 'Bucket', {
      versioned: true,
      enforceSSL: true,
      minimumTLSVersion: 1.2,
      blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
      objectOwnership: ObjectOwnership.BUCKET_OWNER_ENFORCED,
      ...(key
        ? { encryption: BucketEncryption.KMS, encryptionKey: key, bucketKeyEnabled: true }
        : { encryption: BucketEncryption.S3_MANAGED }),
      removalPolicy: retain ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
      autoDeleteObjects: !retain,
      lifecycleRules: [
        { id: 'forget-broken-uploads', abortIncompleteMultipartUploadAfter: Duration.days(7) },
        { id: 'forget-old-versions', noncurrentVersionExpiration: Duration.days(30), expiredObjectDeleteMarker: true },
        ...(runDays === undefined ? [] : [{ id: 'forget-old-runs', prefix: 'runs/', expiration: Duration.days(runDays) }]),
      ],
    });
    // The L2 property `eventBridgeEnabled` adds a Python function with rights on every bucket; the L1 property adds nothing.
    const resource = this.bucket.node.defaultChild;
    if (resource instanceof CfnBucket) resource.notificationConfiguration = { eventBridgeConfiguration: { eventBridgeEnabled: true } };
    if (!retain) this.addLogOfEmptying(environment, key);
  }

  /** Without this, the log group of CDK's function that empties the bucket would remain after `cdk destroy`. */
  private addLogOfEmptying(environment: Environment, key: IKey | undefined): void {
    const provider = Stack.of(this).node.findChild('Custom::S3AutoDeleteObjectsCustomResourceProvider');
    const emptier = provider.node.findChild('Handler') as CfnResource;
    emptier.addPropertyOverride('LoggingConfig.LogGroup', addLog(this, 'EmptyingLog', environment, key).logGroupName);
  }
}
