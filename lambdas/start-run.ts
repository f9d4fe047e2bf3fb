import { createStartHandler } from '#aws/start/start-handler.ts';
import { FunctionSettings } from '#core/function-settings.ts';

/** Starts the run of an upload. */
export const handler = createStartHandler({ ...FunctionSettings.parse(process.env), STATE_MACHINE: process.env.STATE_MACHINE ?? '' });
