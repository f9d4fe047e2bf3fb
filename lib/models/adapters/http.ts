import { RunStopError } from '#core/errors.ts';
import { isTooDeep, MAX_JSON_DEPTH } from '#core/json-depth.ts';
import { readHost } from '#core/model-hosts.ts';
import { replaceSecrets } from '#core/redact.ts';
import { withoutSecrets } from '#core/redact-secrets.ts';
import { withinDeadline } from '../answer-deadline.ts';
import { unreadableAnswer } from './call-error.ts';

/** An answer that is not a reply: any status from 300 on, and 202 (the model is still loading). */
export class HttpError extends Error {
  override readonly name = 'HttpError';
  readonly status: number;
  readonly body: string;
  readonly retryAfterMs: number | undefined;

  constructor(status: number, body: string, retryAfterMs?: number) {
    super(`HTTP ${status}`);
    this.status = status;
    this.body = body;
    this.retryAfterMs = retryAfterMs;
  }
}

type AnswerHeaders = Record<string, string | string[] | undefined>;

/** A `fetch` for the SDKs, with its own pool of kept-alive connections. */
export interface Connections {
  readonly fetch: typeof fetch;
  close(): Promise<void>;
}

export interface ConnectionOptions {
  readonly connections: number;
  /** How long the server may take for the headers, and between two pieces of the body. */
  readonly timeoutMs: number;
  /** How much longer than `timeoutMs` a whole answer may take. @default 60 seconds */
  readonly graceMs?: number | undefined;
  /** The one host that requests may go to. */
  readonly host: string;
  /** What an answer may echo and nothing may keep. */
  readonly secrets: readonly string[];
}

/** Some servers send white space while the model works, which no time limit between two pieces notices. */
export const ANSWER_GRACE_MS = 60_000;

/** The longest answers of models, with the log probabilities of every token, have a few MB. */
const MAX_ANSWER_BYTES = 16 * 1024 * 1024;

/** Of an adapter's options: its host, and its key and secret headers as secrets. */
export function connectionOptions({
  connections,
  timeoutMs,
  graceMs,
  apiKey,
  defaultHeaders,
  target,
}: AdapterConnection): ConnectionOptions {
  const kept: Readonly<Record<string, unknown>> = withoutSecrets({ default_headers: defaultHeaders }).default_headers;
  const secretHeaders = Object.entries(defaultHeaders).flatMap(([name, value]) => (name in kept ? [] : [value.replace(/^bearer\s+/i, '')]));
  return { connections, timeoutMs, graceMs, host: target.host, secrets: [apiKey, ...secretHeaders] };
}

interface AdapterConnection extends Pick<ConnectionOptions, 'connections' | 'timeoutMs' | 'graceMs'> {
  readonly apiKey: string;
  readonly defaultHeaders: Readonly<Record<string, string>>;
  readonly target: { readonly host: string };
}

/**
 * `fetch` over undici's `request`, which costs about half the CPU of the built-in one. It follows no redirect: the key is for this host.
 * Errors are thrown here as `HttpError`, with headers and raw body, so that both SDKs hand them on alike.
 */
export async function openConnections(options: ConnectionOptions): Promise<Connections> {
  const { timeoutMs, graceMs = ANSWER_GRACE_MS } = options;
  // The default export, since a bundler cannot tell the named ones of a CommonJS package that is loaded late.
  const { Agent, request } = (await import('undici')).default;
  const agent = new Agent({
    connections: options.connections,
    keepAliveTimeout: 30_000,
    headersTimeout: timeoutMs,
    bodyTimeout: timeoutMs,
    maxResponseSize: MAX_ANSWER_BYTES,
    connect: { timeout: Math.min(10_000, timeoutMs) },
  });
  const send: typeof fetch = async (url, init) => {
    if (readHost(String(url)) !== options.host)
      throw new RunStopError('forbidden', `request blocked: got another host, expected ${options.host}`);
    const { status, headers, body } = await withinDeadline(timeoutMs + graceMs, init?.signal ?? undefined, async (signal) => {
      const answer = await request(String(url), {
        dispatcher: agent,
        method: (init?.method ?? 'GET') as 'GET' | 'POST',
        headers: [...(init?.headers instanceof Headers ? init.headers : new Headers(init?.headers))].flat(),
        body: init?.body as string | Uint8Array | null,
        signal,
      });
      return { status: answer.statusCode, headers: answer.headers, body: replaceSecrets(await answer.body.text(), options.secrets) };
    });
    if (status >= 300 || status === 202) throw new HttpError(status, redirected(headers, options.secrets) ?? body, retryAfter(headers));
    if (/^\s*</.test(body)) throw new HttpError(404, body); // the page of some other server, or of a gateway
    return readReply(status, parse(body), body);
  };
  return { fetch: send, close: () => agent.close() };
}

/** Answers break off, and gateways have words of their own: that is this attempt's fault, whatever its status says. */
function parse(body: string): unknown {
  const head = body.trim().slice(0, 200);
  if (isTooDeep(body)) throw unreadableAnswer(`the answer is nested more than ${MAX_JSON_DEPTH} levels deep: ${head}`);
  const value = parseJson(body, head);
  if (typeof value === 'object' && value !== null) return value;
  throw unreadableAnswer(`the answer is no JSON object: ${head}`);
}

function parseJson(body: string, head: string): unknown {
  try {
    return JSON.parse(body);
  } catch (cause) {
    throw unreadableAnswer(head === '' ? 'the answer is empty' : `the answer is no JSON: ${head}`, cause);
  }
}

/** As much of a `Response` as the SDKs look at. A real one takes as long to make as the request itself. */
function readReply(status: number, value: unknown, body: string): Response {
  const reply = {
    ok: true,
    status,
    statusText: '',
    url: '',
    headers: JSON_TYPE,
    body: null,
    text: async () => body,
    json: async () => value,
  };
  return reply as unknown as Response;
}

/** The SDKs read as JSON what says that it is: all answers that come this far are. */
const JSON_TYPE = new Headers({ 'content-type': 'application/json' });

/** Seconds that can only be a moment since 1970, which some servers send, and no wait. */
const MOMENT = 1e9;

/** How long the server asks to wait, in milliseconds. A date or moment is read against the server's own clock. */
export function retryAfter(headers: AnswerHeaders): number | undefined {
  const ms = Number(one(headers['retry-after-ms']) ?? Number.NaN);
  if (ms >= 0) return ms;
  const value = one(headers['retry-after']);
  if (!value) return undefined;
  const seconds = Number(value);
  if (seconds >= 0 && seconds < MOMENT) return seconds * 1000;
  const wait = (seconds >= MOMENT ? seconds * 1000 : Date.parse(value)) - Date.parse(one(headers.date) ?? '');
  return Number.isFinite(wait) ? Math.max(0, wait) : undefined;
}

const redirected = ({ location }: AnswerHeaders, secrets: readonly string[]) =>
  location ? `redirects to ${replaceSecrets(one(location) ?? '', secrets)}` : undefined;
const one = (value: string | string[] | undefined) => (Array.isArray(value) ? value[0] : value);
