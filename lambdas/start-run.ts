import { FunctionSettings } from '#infra/function-settings.ts';
import { createStartHandler } from '#run/aws/start-handler.ts';

/** An upload starts a run. */
export const handler = createStartHandler({ ...FunctionSettings.parse(process.env), STATE_MACHINE: process.env.STATE_MACHINE ?? '' });
