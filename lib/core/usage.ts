import { z } from 'zod';

const count = z.int().nonnegative();

/** Tokens as the provider reports them, summed over `calls`. */
export const Usage = z.object({
  calls: count,
  input: count,
  /** A part of `input`. */
  cachedInput: count,
  output: count,
  /** Reasoning tokens, billed as output, not contained in `output`. */
  thinking: count,
  /** Calls whose tokens the server did not report: their cost is unknown. */
  unreported: count.optional(),
});
export type Usage = Readonly<z.infer<typeof Usage>>;

/** Usage as `run.json` writes it, without its calls. */
export const RunTokens = z.strictObject({
  input: count,
  cached_input: count,
  output: count,
  thinking: count,
  unreported_calls: count.optional(),
});
export type RunTokens = z.infer<typeof RunTokens>;

export function composeRunTokens({ input, cachedInput, output, thinking, unreported }: Usage): RunTokens {
  return { input, cached_input: cachedInput, output, thinking, unreported_calls: unreported };
}

export const noUsage: Usage = { calls: 0, input: 0, cachedInput: 0, output: 0, thinking: 0 };

export function addUsage(a: Usage, b: Usage): Usage {
  const unreported = (a.unreported ?? 0) + (b.unreported ?? 0);
  return {
    calls: a.calls + b.calls,
    input: a.input + b.input,
    cachedInput: a.cachedInput + b.cachedInput,
    output: a.output + b.output,
    thinking: a.thinking + b.thinking,
    ...(unreported > 0 && { unreported }),
  };
}

/** More tokens than any run has: a larger number is no count, and sums of counts stay exact. */
const MOST_TOKENS = 1e12;

/** A count of tokens, whole and not negative, from a number or from a number as text. `undefined` for anything else. */
export function readTokenCount(value: unknown): number | undefined {
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  return typeof number === 'number' && number >= 0 && number <= MOST_TOKENS ? Math.round(number) : undefined;
}

/** The counts of one call as a server sent them, of whatever type. */
export type ReportedCounts = Readonly<Record<'input' | 'cachedInput' | 'output' | 'thinking', unknown>>;

/**
 * The usage of one call, for every provider. A count that is missing is 0. The call is `unreported` where a count cannot be read,
 * and without input tokens: no request has none.
 */
export function usageOfCall(reported: ReportedCounts): Usage {
  const isUnreadable = Object.values(reported).some((value) => value != null && readTokenCount(value) === undefined);
  const count = (name: keyof ReportedCounts) => readTokenCount(reported[name]) ?? 0;
  const input = count('input');
  return {
    calls: 1,
    input,
    cachedInput: Math.min(count('cachedInput'), input), // a part of the input: more of it would make a negative cost
    output: count('output'),
    thinking: count('thinking'),
    ...((isUnreadable || input === 0) && { unreported: 1 }),
  };
}

/** Stored usage of any version. Versions up to 0.1.0 stored counts as they came: an unreadable count is read as 0, and its calls as unreported. */
export const StoredUsage = z.looseObject({}).transform(readStoredUsage).pipe(Usage);

function readStoredUsage(stored: Readonly<Record<string, unknown>>): Usage {
  const calls = readTokenCount(stored.calls) ?? 0;
  // Texts were joined, not added, with more than one call.
  const read = (name: keyof ReportedCounts) => (typeof stored[name] === 'string' && calls > 1 ? undefined : readTokenCount(stored[name]));
  const isComplete = countNames.every((name) => read(name) !== undefined);
  const unreported = isComplete ? readTokenCount(stored.unreported) : calls;
  return {
    calls,
    input: read('input') ?? 0,
    cachedInput: read('cachedInput') ?? 0,
    output: read('output') ?? 0,
    thinking: read('thinking') ?? 0,
    ...(unreported !== undefined && unreported > 0 && { unreported }),
  };
}

const countNames = ['input', 'cachedInput', 'output', 'thinking'] as const;
