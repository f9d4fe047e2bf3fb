import { createStartHandler } from '#aws/start/start-handler.ts';
import { FunctionSettings } from '#core/function-settings.ts';

/** An upload starts a run. */
export const handler = createStartHandler({ ...FunctionSettings.parse(process.env), STATE_MACHINE: process.env.STATE_MACHINE ?? '' });
