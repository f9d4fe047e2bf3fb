import { z } from 'zod';
import { parseJson } from '#core/json.ts';

/** The content of an error body, for all providers. */
export interface ErrorBody {
  readonly message: string;
  /** Codes, types and statuses found, lower case (`insufficient_quota`, `api_key_invalid`, …). */
  readonly codes: readonly string[];
  /** Gemini's `QuotaFailure` ids, e.g. `GenerateRequestsPerDayPerProject`. */
  readonly quotaIds: readonly string[];
  readonly retryAfterMs: number | undefined;
  /** A web page instead of JSON: the URL is no API. */
  readonly isPage: boolean;
}

const text = z.union([z.string(), z.number()]).transform(String).nullish().catch(undefined);
const Detail = z.looseObject({
  reason: text,
  retryDelay: text,
  violations: z
    .array(z.looseObject({ quotaId: text }))
    .nullish()
    .catch(undefined),
});
const Fault = z.looseObject({
  message: text,
  msg: text,
  code: text,
  type: text,
  status: text,
  details: z.array(Detail).nullish().catch(undefined),
});
type Fault = z.infer<typeof Fault>;

/** Reads nested (`{error:{…}}`), flat, FastAPI (`{detail:[…]}`), list and string-in-string bodies. Never throws. */
export function readErrorBody(body: string): ErrorBody {
  const isPage = /^\s*</.test(body);
  const faults = isPage ? [] : faultsIn(parse(body), 0);
  const details = faults.flatMap((fault) => fault.details ?? []);
  const message = (isPage ? 'a web page, not JSON' : faults.map((fault) => fault.message ?? fault.msg).findLast(Boolean)) ?? body;
  return {
    message: message.replace(/\s+/g, ' ').trim().slice(0, 300),
    codes: [...faults.flatMap((fault) => [fault.code, fault.type, fault.status]), ...details.map((detail) => detail.reason)]
      .filter((code) => code != null)
      .map((code) => code.toLowerCase()),
    quotaIds: details.flatMap((detail) => detail.violations ?? []).flatMap((violation) => violation.quotaId ?? []),
    retryAfterMs:
      details.map((detail) => seconds(detail.retryDelay)).find((ms) => ms !== undefined) ??
      seconds(/retry in ([\d.]+m?s)/i.exec(message)?.[1]),
    isPage,
  };
}

/** Gateways wrap errors of other gateways, but not in more layers than this. */
const MAX_LAYERS = 20;

/** All faults in a body, outermost first. Gateways put the JSON of the provider as a string into their own message. */
function faultsIn(value: unknown, layer: number): Fault[] {
  if (layer > MAX_LAYERS) return [];
  const within = (inner: unknown) => faultsIn(inner, layer + 1);
  if (typeof value === 'string') {
    const inner = parse(value);
    return inner === undefined ? [{ message: value }] : within(inner);
  }
  if (Array.isArray(value)) return value.slice(0, 1).flatMap(within);
  const fault = Fault.safeParse(value);
  if (!fault.success) return [];
  const { error, detail } = fault.data;
  const nested = typeof fault.data.message === 'string' && parse(fault.data.message);
  return [fault.data, ...[error, detail, nested].filter(Boolean).flatMap(within)];
}

function parse(text: string): unknown {
  return /^\s*[[{]/.test(text) ? parseJson(text) : undefined;
}

/** Protobuf durations: `34.07s`, `900ms`. */
function seconds(duration: string | null | undefined): number | undefined {
  const match = /^(\d+(?:\.\d*)?)(m?s)$/.exec(duration ?? '');
  return match ? Math.ceil(Number(match[1]) * (match[2] === 's' ? 1000 : 1)) : undefined;
}
