import { RunStopError } from '#core/errors.ts';
import { readHost } from '#core/hosts/model-hosts.ts';
import { isTooDeep, MAX_JSON_DEPTH } from '#core/json-depth.ts';
import { replaceSecrets } from '#core/secrets/redact.ts';
import { withoutSecrets } from '#core/secrets/redact-secrets.ts';
import { withinDeadline } from '../answer-deadline.ts';
import { unreadableAnswer } from './call-error.ts';

/** A response without a reply: any status from 300 on, and 202 (the model is still loading). */
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
  /** Time limit for the headers, and between two pieces of the body. */
  readonly timeoutMs: number;
  /** Additional time for a complete answer, on top of `timeoutMs`. @default 60 seconds */
  readonly graceMs?: number | undefined;
  /** The only host that requests may go to. */
  readonly host: string;
  /** Secrets that an answer may echo. They are replaced in it. */
  readonly secrets: readonly string[];
}

/** Some servers send white space while the model works, so the limit between two pieces never applies. */
export const ANSWER_GRACE_MS = 60_000;

/** The longest answers of models, with the log probabilities of every token, have a few MB. */
const MAX_ANSWER_BYTES = 16 * 1024 * 1024;

/** Connection options of an adapter: its host, and its key and secret headers as secrets. */
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
 * `fetch` over undici's `request`, which costs about half the CPU of the built-in one. It follows no redirect: the key belongs to this host.
 * Throws errors as `HttpError` with the raw body, so that both SDKs pass them on in the same way.
 */
export async function openConnections(options: ConnectionOptions): Promise<Connections> {
  const { timeoutMs, graceMs = ANSWER_GRACE_MS } = options;
  // The default export: a bundler cannot find the named exports of a CommonJS package in a dynamic import.
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
    if (/^\s*</.test(body)) throw new HttpError(404, body); // the page of another server or of a gateway
    return readReply(status, parse(body), body);
  };
  return { fetch: send, close: () => agent.close() };
}

/** Parses an answer. Broken bodies and texts of gateways are faults of this attempt, even with status 200. */
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

/** The part of a `Response` that the SDKs use. Creating a real one takes as long as the request. */
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

/** The SDKs parse answers of this type as JSON. All answers at this point are JSON. */
const JSON_TYPE = new Headers({ 'content-type': 'application/json' });

/** A larger Retry-After is a time since 1970 instead of a wait; some servers send that. */
const EARLIEST_TIMESTAMP_S = 1e9;

/** The wait that the server requests, in milliseconds. A date or timestamp is compared with the clock of the server. */
export function retryAfter(headers: AnswerHeaders): number | undefined {
  const ms = Number(one(headers['retry-after-ms']) ?? Number.NaN);
  if (ms >= 0) return ms;
  const value = one(headers['retry-after']);
  if (!value) return undefined;
  const seconds = Number(value);
  if (seconds >= 0 && seconds < EARLIEST_TIMESTAMP_S) return seconds * 1000;
  const wait = (seconds >= EARLIEST_TIMESTAMP_S ? seconds * 1000 : Date.parse(value)) - Date.parse(one(headers.date) ?? '');
  return Number.isFinite(wait) ? Math.max(0, wait) : undefined;
}

const redirected = ({ location }: AnswerHeaders, secrets: readonly string[]) =>
  location ? `redirects to ${replaceSecrets(one(location) ?? '', secrets)}` : undefined;
const one = (value: string | string[] | undefined) => (Array.isArray(value) ? value[0] : value);
