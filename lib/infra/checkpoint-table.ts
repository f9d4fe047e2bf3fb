import { RemovalPolicy } from 'aws-cdk-lib';
import { AttributeType, Billing, TableEncryptionV2, TableV2 } from 'aws-cdk-lib/aws-dynamodb';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { Construct } from 'constructs';

export interface CheckpointTableProps {
  readonly key: IKey | undefined;
  readonly retain: boolean;
  readonly pointInTimeRecovery: boolean;
}

/** One item per sample, step and fingerprint; and, under keys of their own, the state and lease of each run. */
export class CheckpointTable extends Construct {
  readonly table: TableV2;

  constructor(scope: Construct, id: string, { key, retain, pointInTimeRecovery }: CheckpointTableProps) {
    super(scope, id);
    this.table = new TableV2(this, 'Checkpoints', {
      partitionKey: { name: 'sample_id', type: AttributeType.STRING },
      sortKey: { name: 'step', type: AttributeType.STRING },
      billing: Billing.onDemand(),
      timeToLiveAttribute: 'expires_at',
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: pointInTimeRecovery },
      encryption: key ? TableEncryptionV2.customerManagedKey(key) : TableEncryptionV2.dynamoOwnedKey(),
      removalPolicy: retain ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
      deletionProtection: retain,
    });
  }
}
