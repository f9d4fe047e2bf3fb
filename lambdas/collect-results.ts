import { createCollectHandler } from '#aws/collect/collect-handler.ts';
import { FunctionSettings } from '#core/function-settings.ts';
import packageFile from '../package.json' with { type: 'json' };

/** Parts into result files; the end of every run. */
export const handler = createCollectHandler(FunctionSettings.parse(process.env), packageFile.version);
