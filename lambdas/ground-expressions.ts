import { createBatchHandler } from '#aws/batch/batch-handler.ts';
import { FunctionSettings } from '#core/function-settings.ts';

/** Step 1 of a batch. */
export const handler = createBatchHandler('step_1', FunctionSettings.parse(process.env));
