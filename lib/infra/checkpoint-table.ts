import { RemovalPolicy } from 'aws-cdk-lib';
import { AttributeType, BillingMode, Table, TableEncryption } from 'aws-cdk-lib/aws-dynamodb';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { Construct } from 'constructs';

export interface CheckpointTableProps {
  readonly key: IKey | undefined;
  readonly retain: boolean;
  readonly pointInTimeRecovery: boolean;
}

/** One item per sample, step and fingerprint. The state, lease and batch marks of runs are items with keys of their own. */
export class CheckpointTable extends Construct {
  readonly table: Table;

  constructor(scope: Construct, id: string, { key, retain, pointInTimeRecovery }: CheckpointTableProps) {
    super(scope, id);
    this.table = new Table(this, 'Checkpoints', {
      partitionKey: { name: 'sample_id', type: AttributeType.STRING },
      sortKey: { name: 'step', type: AttributeType.STRING },
      billingMode: BillingMode.PAY_PER_REQUEST,
      timeToLiveAttribute: 'expires_at',
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: pointInTimeRecovery },
      ...(key ? { encryption: TableEncryption.CUSTOMER_MANAGED, encryptionKey: key } : { encryption: TableEncryption.DEFAULT }),
      removalPolicy: retain ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
      deletionProtection: retain,
    });
  }
}
