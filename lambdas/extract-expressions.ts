import { FunctionSettings } from '#infra/function-settings.ts';
import { createBatchHandler } from '#run/aws/batch-handler.ts';

/** Step 0 of a batch. */
export const handler = createBatchHandler('step_0', FunctionSettings.parse(process.env));
