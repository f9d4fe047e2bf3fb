import { createCollectHandler } from '#aws/collect/collect-handler.ts';
import { FunctionSettings } from '#core/function-settings.ts';
import packageFile from '../package.json' with { type: 'json' };

/** Merges parts into result files at the end of every run. */
export const handler = createCollectHandler(FunctionSettings.parse(process.env), packageFile.version);
