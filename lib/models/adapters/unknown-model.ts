import { RunStopError } from '#core/errors.ts';
import type { ServedModel } from './adapter.ts';
import type { RequestTarget } from './classify-failure.ts';

const SHOWN = 20;

/** Adds the served models to an "unknown model" error, so that the message contains the fix. Other errors pass unchanged. */
export async function explainUnknownModel(
  error: unknown,
  target: RequestTarget,
  listModels: () => Promise<ServedModel[]>,
): Promise<unknown> {
  if (!(error instanceof RunStopError) || error.reason !== 'unknown_model') return error;
  const served = await listModels().catch(() => []);
  if (served.length === 0) return error;
  const names = served.slice(0, SHOWN).map(({ id }) => id);
  const more = served.length > SHOWN ? `, and ${served.length - SHOWN} more` : '';
  return new RunStopError(
    'unknown_model',
    `${target.endpoint} does not serve "${target.model}"; set ${target.modelSetting} to one of: ${names.join(', ')}${more}`,
    { cause: error },
  );
}
