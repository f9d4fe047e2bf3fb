import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { S3Client } from '@aws-sdk/client-s3';
import type { FunctionSettings } from '#core/function-settings.ts';
import type { CheckpointStore, Clock, FileStore } from '#core/ports.ts';
import { createDynamoCheckpoints } from '#storage/dynamodb/dynamodb-checkpoints.ts';
import { createS3Files } from '#storage/s3/s3-files.ts';
import { createRunStateStore, type RunStateStore } from '../run-state/run-state-store.ts';
import type { FunctionLog } from './function-log.ts';

/** The resources of one environment, open for its functions. */
export interface Cloud {
  readonly variables: FunctionSettings;
  readonly s3: S3Client;
  readonly dynamo: DynamoDBClient;
  /** The environment's bucket. */
  readonly bucket: FileStore;
  /** Files of any bucket. With `version`, one pinned version of every object; otherwise the latest. */
  readonly filesIn: (bucket: string, version?: string) => FileStore;
  readonly checkpoints: CheckpointStore;
  /** Milliseconds since 1970. */
  readonly clock: Clock;
  readonly log: FunctionLog;
  runStateStore(runId: string): RunStateStore;
}

export type CloudParts = Pick<Cloud, 'variables' | 's3' | 'dynamo' | 'clock' | 'log'>;

export function openCloud(parts: CloudParts): Cloud {
  const { variables, s3, dynamo, clock } = parts;
  const { BUCKET: bucket, TABLE: table, CHECKPOINT_DAYS: days } = variables;
  const now = () => clock.now();
  return {
    ...parts,
    bucket: createS3Files({ client: s3, bucket, prefix: '' }),
    filesIn: (name, versionId) => createS3Files({ client: s3, bucket: name, prefix: '', versionId }),
    checkpoints: createDynamoCheckpoints({ client: dynamo, table, now, ttlDays: days > 0 ? days : undefined }),
    runStateStore: (runId) => createRunStateStore({ client: dynamo, table, runId, now }),
  };
}
