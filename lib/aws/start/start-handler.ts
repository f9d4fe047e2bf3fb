import { SFNClient } from '@aws-sdk/client-sfn';
import type { FunctionSettings } from '#core/function-settings.ts';
import { createS3Client } from '#storage/s3/s3-client.ts';
import { clientOptions } from '../runtime/client-options.ts';
import { createPowertoolsLog } from '../runtime/powertools-log.ts';
import { type StartedRun, startRun } from './start-run.ts';

/** The function that EventBridge calls for uploads. After an error the event is retried, then kept in a queue with an alarm. */
export function createStartHandler({ ENVIRONMENT, STATE_MACHINE }: FunctionSettings & { readonly STATE_MACHINE: string }) {
  const log = createPowertoolsLog(ENVIRONMENT);
  const clients = { s3: createS3Client(), sfn: new SFNClient(clientOptions) };
  return (event: unknown): Promise<StartedRun> =>
    startRun(event, { ...clients, stateMachine: STATE_MACHINE, notice: (message, facts) => log.info(message, facts) });
}
