import { RemovalPolicy, Stack } from 'aws-cdk-lib';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Key } from 'aws-cdk-lib/aws-kms';
import { Construct } from 'constructs';

/** The stack's own key, with what each AWS service needs to use it. What functions and the state machine may do with it stands with their other grants. */
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
    // CloudWatch Logs encrypts the log groups of this account, and says which one.
    this.allow(
      [`logs.${region}.amazonaws.com`],
      ['kms:Encrypt', 'kms:Decrypt', 'kms:ReEncrypt*', 'kms:GenerateDataKey*', 'kms:Describe*'],
      {
        ArnLike: { 'kms:EncryptionContext:aws:logs:arn': `arn:${partition}:logs:${region}:${account}:log-group:*` },
      },
    );
    // They publish to the encrypted topic and queue. No condition on the source: EventBridge names none when it writes to an encrypted topic.
    const publishers = ['cloudwatch.amazonaws.com', 'events.amazonaws.com', 'budgets.amazonaws.com', 'sns.amazonaws.com'];
    this.allow(publishers, ['kms:Decrypt', 'kms:GenerateDataKey*']);
  }

  private allow(services: readonly string[], actions: string[], conditions: Record<string, unknown> = {}): void {
    const principals = services.map((service) => new ServicePrincipal(service));
    this.key.addToResourcePolicy(new PolicyStatement({ principals, actions, resources: ['*'], conditions }));
  }
}
