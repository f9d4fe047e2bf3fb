import { FunctionSettings } from '#infra/function-settings.ts';
import { createBatchHandler } from '#run/aws/batch-handler.ts';

/** Step 1 of a batch. */
export const handler = createBatchHandler('step_1', FunctionSettings.parse(process.env));
