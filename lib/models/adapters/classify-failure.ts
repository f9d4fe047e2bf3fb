import { RunStopError, SampleError } from '#core/errors.ts';
import { redact, withoutSecretsInError } from '#core/secrets/redact.ts';
import { CallError, unreadableAnswer } from './call-error.ts';
import { type ErrorBody, readErrorBody } from './error-body.ts';
import { HttpError } from './http.ts';

/** The endpoint and model of a request, for messages: without credentials. */
export interface RequestTarget {
  readonly endpoint: string;
  readonly model: string;
  /** Where the user sets the key and the URL, e.g. `OPENAI_API_KEY or vlm.openai.api_key`. */
  readonly keySetting: string;
  readonly urlSetting: string;
  readonly modelSetting: string;
  readonly key: string;
  /** The only host that calls may go to, as `readHost` writes it. */
  readonly host: string;
}

const LOADING_PATIENCE_MS = 30 * 60_000;
const OVERLOADED_PATIENCE_MS = 10 * 60_000;
const UNKNOWN_HOST_PATIENCE_MS = 5_000;

/** Classifies a failed attempt, for every provider: `CallError` = retry, `SampleError` = the sample fails, `RunStopError` = the run stops. */
export function classifyFailure(failure: unknown, target: RequestTarget): Error {
  for (let cause = failure; cause instanceof Error; cause = cause.cause) {
    if (cause instanceof HttpError) return classifyStatus(cause, target);
    if (cause instanceof CallError || cause instanceof RunStopError) return cause;
    const code = (cause as NodeJS.ErrnoException).code;
    if (typeof code === 'string') return classifyConnection(code, target, failure);
  }
  return withoutSecretsInError(failure instanceof Error ? failure : new Error(String(failure)), [target.key]) as Error;
}

/** Runs a call of an SDK. Throws the reason of an aborted signal, and every other failure as `classifyFailure` names it. */
export async function classifyFailuresOf<T>(call: () => Promise<T>, target: RequestTarget, signal: AbortSignal): Promise<T> {
  try {
    return await call();
  } catch (error) {
    signal.throwIfAborted();
    throw classifyFailure(error, target);
  }
}

function classifyConnection(code: string, target: RequestTarget, cause: unknown): Error {
  const { endpoint, urlSetting } = target;
  if (code === 'UND_ERR_RES_EXCEEDED_MAX_SIZE')
    return unreadableAnswer(`the answer of ${endpoint} is too large for a model's answer`, cause);
  if (/TIMEOUT|ETIMEDOUT/.test(code) && code !== 'UND_ERR_CONNECT_TIMEOUT')
    return new CallError('timed_out', `${endpoint} did not answer in time (${code}); raise the timeout in the spec if the model is slow`, {
      cause,
    });
  if (/CERT|SELF_SIGNED|UNABLE_TO_VERIFY|ERR_TLS|ERR_SSL/.test(code))
    return new RunStopError(
      'server_unreachable',
      `${endpoint} has a certificate that cannot be verified (${code}); set NODE_EXTRA_CA_CERTS or check ${urlSetting}`,
      { cause },
    );
  if (code === 'ERR_INVALID_URL' || code === 'UND_ERR_INVALID_ARG')
    return new RunStopError('server_unreachable', `${urlSetting} is no usable address: ${endpoint}`, { cause });
  if (code === 'ENOTFOUND')
    return new CallError('unreachable', `the host of ${endpoint} is not known (ENOTFOUND); check ${urlSetting}`, {
      cause,
      patienceMs: UNKNOWN_HOST_PATIENCE_MS,
    });
  const hint =
    code === 'ECONNREFUSED' ? `nothing listens there; start the server or check ${urlSetting}` : `check the network and ${urlSetting}`;
  return new CallError('unreachable', `cannot connect to ${endpoint} (${code}); ${hint}`, { cause });
}

function classifyStatus(error: HttpError, target: RequestTarget): Error {
  // Redacted before the body is cut to a message: half a key is a secret too.
  const body = readErrorBody(redact(error.body, [target.key]));
  const retryAfterMs = error.retryAfterMs ?? body.retryAfterMs;
  const failureText = `${error.status}: ${body.message || 'no message'}`;
  const wait = { retryAfterMs };
  const loading = error.status === 202 || (error.status === 503 && /\bloading\b|not ready|starting up|warming/i.test(error.body));
  if (loading)
    return new CallError('unreachable', `${target.endpoint} is still loading its model (${failureText})`, {
      ...wait,
      patienceMs: LOADING_PATIENCE_MS,
    });
  const stop = stopReason(error.status, body, failureText, target);
  if (stop) return stop;
  switch (error.status) {
    case 503:
    case 529:
      return new CallError('throttled', `${target.endpoint} is overloaded or down (${failureText})`, {
        ...wait,
        patienceMs: OVERLOADED_PATIENCE_MS,
      });
    case 429:
      return new CallError('throttled', `${target.endpoint} asks to slow down (${failureText})`, wait);
    case 502:
    case 504:
    case 521:
    case 522:
    case 523:
      return new CallError('unreachable', `${target.endpoint} is not available (${failureText})`, wait);
    case 413:
    case 415:
      return new SampleError('image_refused', `${target.model} refused the image (${failureText})`);
    case 403:
    case 400:
    case 422:
      if (error.status === 403 || /content_filter|content_policy|safety/i.test(body.codes.join(' ')))
        return new SampleError('model_filtered', `a content filter refused the request (${failureText})`);
      return new CallError('rejected', `${target.model} rejected the request (${failureText})`);
    default:
      if (error.status >= 500 || [408, 409, 425, 499].includes(error.status))
        return new CallError('failing', `${target.endpoint} failed (${failureText})`, wait);
      return new SampleError('model_error', `${target.endpoint} answered ${failureText}`);
  }
}

/** The reason to stop the run, for causes that affect all calls: key, payment, permission, quota, URL or model. */
function stopReason(status: number, body: ErrorBody, failureText: string, target: RequestTarget): RunStopError | undefined {
  const { endpoint, keySetting, urlSetting, modelSetting, model } = target;
  const codes = body.codes.join(' ');
  if (status === 401 || (status === 400 && /api_key_invalid|api key not valid|api key expired/i.test(`${codes} ${body.message}`))) {
    const fix = target.key ? `the key was not accepted; check ${keySetting}` : `no key was given; set ${keySetting}`;
    return new RunStopError('unauthorized', `${endpoint} needs a valid key: ${fix} (${failureText})`);
  }
  if (status === 402)
    return new RunStopError('payment_required', `${endpoint} wants payment: add credit or raise the limit of this key (${failureText})`);
  // Codes instead of words: Gemini mentions "plan and billing details" for limits per minute too.
  if (status === 429 && (/insufficient_quota|billing|credit/.test(codes) || /insufficient (?:credit|balance|funds)/i.test(body.message)))
    return new RunStopError('quota_exhausted', `the quota of this key at ${endpoint} is used up: check plan and billing (${failureText})`);
  if (status === 429 && body.quotaIds.some((id) => /PerDay|Daily/i.test(id)))
    return new RunStopError(
      'quota_exhausted',
      `the daily quota of ${model} at ${endpoint} is used up: run the same command again tomorrow, or raise the quota (${failureText})`,
    );
  if (status === 404 || (status === 400 && /not a valid model|model_not_found|unknown model/i.test(`${codes} ${body.message}`)))
    return body.isPage || !/model/i.test(body.message)
      ? new RunStopError(
          'server_unreachable',
          `${endpoint} has no such route: check ${urlSetting}, which usually ends in /v1 and never in /chat/completions (${failureText})`,
        )
      : new RunStopError('unknown_model', `${endpoint} does not serve "${model}": check ${modelSetting} (${failureText})`);
  const flagged = status === 403 && /flagged|moderation/i.test(body.message); // OpenRouter: this one input
  if ((status === 403 && !flagged) || (status === 400 && /location is not supported|not available in your country/i.test(body.message)))
    return new RunStopError(
      'forbidden',
      `${endpoint} does not allow this key to use ${model}: check its permissions and region (${failureText})`,
    );
  if ((status >= 300 && status < 400) || status === 405 || status === 410)
    return new RunStopError('server_unreachable', `${endpoint} is not the API's address: check ${urlSetting} (${failureText})`);
  return undefined;
}
