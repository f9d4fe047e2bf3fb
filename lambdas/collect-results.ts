import { FunctionSettings } from '#infra/function-settings.ts';
import { createCollectHandler } from '#run/aws/collect-handler.ts';
import packageFile from '../package.json' with { type: 'json' };

/** Parts into result files; the end of every run. */
export const handler = createCollectHandler(FunctionSettings.parse(process.env), packageFile.version);
