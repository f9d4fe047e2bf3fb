import { createPrepareHandler } from '#aws/prepare/prepare-handler.ts';
import { FunctionSettings } from '#core/function-settings.ts';
import packageFile from '../package.json' with { type: 'json' };

/** Prepares a run: everything between an upload and its first model call. */
export const handler = createPrepareHandler(FunctionSettings.parse(process.env), packageFile.version);
