import { z } from 'zod';
import type { Tier } from '#core/model-profile.ts';

/** Stores the capabilities of endpoints between runs. Keys are short strings, values small JSON. */
export interface EndpointMemory {
  get(key: string): Promise<unknown>;
  set(key: string, value: unknown): Promise<void>;
}

const TierSchema = z.enum(['schema', 'json', 'text']);

/** Capabilities of one model at one endpoint. */
export interface Capabilities {
  /** The highest tier that works. */
  readonly tier: Tier;
  /** Changes to requests that this server needs, e.g. `drop temperature`. */
  readonly adjustments: readonly string[];
  /** The family or convention that the probe found. */
  readonly profile?: string | undefined;
}

/** The stored form: `{"tier":"json","quirks":["drop temperature"],"profile":"xyxy-1000-bbox_2d"}`. */
const StoredCapabilities = z.object({
  tier: TierSchema.default('schema'),
  quirks: z.array(z.string()).default([]),
  profile: z.string().optional(),
});

/** The capabilities of one endpoint and model, shared by all callers. An update is stored immediately. */
export interface EndpointCapabilities {
  readonly current: Readonly<Capabilities>;
  update(changes: Partial<Capabilities>): void;
}

/** Reads the stored capabilities; the defaults where none are stored or they are unreadable. */
export async function recallCapabilities(
  memory: EndpointMemory | undefined,
  endpoint: string,
  model: string,
): Promise<EndpointCapabilities> {
  const key = `${endpoint} ${model}`;
  const { quirks: adjustments, ...stored } = StoredCapabilities.catch({ tier: 'schema', quirks: [] }).parse((await memory?.get(key)) ?? {});
  let current: Capabilities = { ...stored, adjustments };
  return {
    get current() {
      return current;
    },
    update(changes) {
      current = { ...current, ...changes };
      const { adjustments, ...rest } = current;
      memory?.set(key, { ...rest, quirks: adjustments }).catch(() => {}); // a failed write costs one call in the next run
    },
  };
}

/** Stores one more adjustment, once: parallel calls discover the same one. */
export function addAdjustment({ current: { adjustments }, update }: EndpointCapabilities, adjustment: string): void {
  if (!adjustments.includes(adjustment)) update({ adjustments: [...adjustments, adjustment] });
}
