import { parseJson } from '#core/json.ts';
import type { Tier } from '#core/model-profile.ts';
import type { JsonSchema, ModelReply } from '#core/ports.ts';

/** A failure of structured output in a reply with status 200. */
export type StructuredFault = 'loop' | 'invalid' | 'ignored';

const NEXT_LOWER_TIER: Record<Tier, Tier> = { schema: 'json', json: 'text', text: 'text' };

/** The next tier down. */
export const nextLowerTier = (tier: Tier): Tier => NEXT_LOWER_TIER[tier];

/** The lower of two tiers. */
export const lowestTier = (a: Tier, b: Tier): Tier =>
  a === 'text' || b === 'text' ? 'text' : a === 'json' || b === 'json' ? 'json' : 'schema';

/** Whether a 400 or 422 is about structured output. */
export function rejectsTier(message: string): boolean {
  return /response_?format|json_?schema|json_?object|json mode|schema|grammar|structured|guided|response_?mime|additionalProperties/i.test(
    message,
  );
}

/** Compares a reply with the promise of its tier. A truncated reply without a loop is no fault: the step sends a smaller request. */
export function structuredFault(reply: ModelReply, schema: JsonSchema): StructuredFault | undefined {
  if (reply.tier === 'text' || reply.finish === 'filtered' || reply.finish === 'refused') return undefined;
  if (reply.finish === 'length') return runsInCircles(reply.text) ? 'loop' : undefined;
  const value = parse(reply.text);
  if (value === undefined) return 'invalid';
  return reply.tier === 'schema' && !hasShape(value, schema) ? 'ignored' : undefined;
}

/** Whether the text ends in white space or repeats one piece: the known failure of constrained decoding. */
export function runsInCircles(text: string): boolean {
  if (/\s{100}$/.test(text)) return true;
  const tail = text.slice(-2000);
  for (let length = 1; length <= tail.length / 8; length += 1) {
    const piece = tail.slice(-length);
    if (tail.endsWith(piece.repeat(Math.max(8, Math.ceil(100 / length))))) return true;
  }
  return false;
}

function parse(text: string): unknown {
  const bare = text
    .replace(/^[\s\S]*<\/think>/, '')
    .trim()
    .replace(/^```(?:json)?\s*([\s\S]*?)\s*```$/, '$1');
  return parseJson(bare);
}

/** Checks the outermost form only: the step checks single elements. */
function hasShape(value: unknown, schema: JsonSchema): boolean {
  if (schema.type === 'array') return Array.isArray(value);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  return ((schema.required as string[] | undefined) ?? []).every((key) => key in value);
}
