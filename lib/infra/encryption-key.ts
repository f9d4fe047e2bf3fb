import { RemovalPolicy, Stack } from 'aws-cdk-lib';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Key } from 'aws-cdk-lib/aws-kms';
import { Construct } from 'constructs';

/** The encryption key of the stack, with the grants that AWS services need. `grantPipeline` has the grants of the functions and the state machine. */
export class EncryptionKey extends Construct {
  readonly key: Key;

  constructor(scope: Construct, id: string, { retain }: { readonly retain: boolean }) {
    super(scope, id);
    this.key = new Key(this, 'Key', {
      description: 'Groundline: bucket, table, secret, topic, queue and logs',
      enableKeyRotation: true,
      removalPolicy: retain ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
    });
    const { region, account, partition } = Stack.of(this);
    // CloudWatch Logs sends the log group in the encryption context; only log groups of this account are allowed.
    this.allow(
      [`logs.${region}.amazonaws.com`],
      ['kms:Encrypt', 'kms:Decrypt', 'kms:ReEncrypt*', 'kms:GenerateDataKey*', 'kms:Describe*'],
      {
        ArnLike: { 'kms:EncryptionContext:aws:logs:arn': `arn:${partition}:logs:${region}:${account}:log-group:*` },
      },
    );
    // Publishers to the encrypted topic and queue. No source condition: EventBridge sends no source when it writes to an encrypted topic.
    const publishers = ['cloudwatch.amazonaws.com', 'events.amazonaws.com', 'budgets.amazonaws.com', 'sns.amazonaws.com'];
    this.allow(publishers, ['kms:Decrypt', 'kms:GenerateDataKey*']);
  }

  private allow(services: readonly string[], actions: string[], conditions: Record<string, unknown> = {}): void {
    const principals = services.map((service) => new ServicePrincipal(service));
    this.key.addToResourcePolicy(new PolicyStatement({ principals, actions, resources: ['*'], conditions }));
  }
}
