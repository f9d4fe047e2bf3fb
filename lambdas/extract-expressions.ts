import { createBatchHandler } from '#aws/batch/batch-handler.ts';
import { FunctionSettings } from '#core/function-settings.ts';

/** Step 0 of a batch. */
export const handler = createBatchHandler('step_0', FunctionSettings.parse(process.env));
