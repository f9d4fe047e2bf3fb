import { RemovalPolicy } from 'aws-cdk-lib';
import { ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Key } from 'aws-cdk-lib/aws-kms';
import { Construct } from 'constructs';

/** The stack's own key, with what each AWS service needs to use it. */
export class EncryptionKey extends Construct {
  readonly key: Key;

  constructor(scope: Construct, id: string, { retain }: { readonly retain: boolean }) {
    super(scope, id);
    this.key = new Key(this, 'Key', {
      description: 'Groundline: bucket, table, secret, topic and logs',
      enableKeyRotation: true,
      removalPolicy: retain ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
    });
    // CloudWatch Logs encrypts log groups; alarms and EventBridge publish to the encrypted topic and queue.
    for (const service of ['logs', 'cloudwatch', 'events', 'delivery.logs', 'sns'])
      this.key.grantEncryptDecrypt(new ServicePrincipal(`${service}.amazonaws.com`));
  }
}
