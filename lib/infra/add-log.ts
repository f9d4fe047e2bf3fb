import { RemovalPolicy } from 'aws-cdk-lib';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import type { Environment } from './environments.ts';

/** CDK's names of retention periods, by their days. */
const retentions: Readonly<Record<Environment['logDays'], RetentionDays>> = {
  7: RetentionDays.ONE_WEEK,
  30: RetentionDays.ONE_MONTH,
  90: RetentionDays.THREE_MONTHS,
  365: RetentionDays.ONE_YEAR,
};

/** A log group with the retention, encryption and removal policy of the environment. */
export function addLog(scope: Construct, id: string, { logDays, retain }: Environment, key: IKey | undefined): LogGroup {
  return new LogGroup(scope, id, {
    retention: retentions[logDays],
    removalPolicy: retain ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
    encryptionKey: key,
  });
}
