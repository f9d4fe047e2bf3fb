import { z } from 'zod';

/** What was learned about an endpoint, kept between runs. Keys are short strings, values small JSON. */
export interface EndpointMemory {
  get(key: string): Promise<unknown>;
  set(key: string, value: unknown): Promise<void>;
}

const TierSchema = z.enum(['schema', 'json', 'text']);

/** `tier`: the highest that works. `quirks`: parameters this server wants otherwise. `profile`: the convention the probe found. */
const Capabilities = z.object({
  tier: TierSchema.default('schema'),
  quirks: z.array(z.string()).default([]),
  profile: z.string().optional(),
});
export type Capabilities = z.infer<typeof Capabilities>;

/** Knowledge of one endpoint and model, shared by everything that talks to it; what is learned is remembered at once. */
export interface EndpointCapabilities {
  readonly current: Readonly<Capabilities>;
  update(changes: Partial<Capabilities>): void;
}

/** Reads what is remembered, if anything; unreadable memory is no memory. */
export async function recallCapabilities(
  memory: EndpointMemory | undefined,
  endpoint: string,
  model: string,
): Promise<EndpointCapabilities> {
  const key = `${endpoint} ${model}`;
  const remembered = Capabilities.safeParse(await memory?.get(key));
  let current: Capabilities = remembered.data ?? { tier: 'schema', quirks: [] };
  return {
    get current() {
      return current;
    },
    update(changes) {
      current = { ...current, ...changes };
      memory?.set(key, current).catch(() => {}); // forgetting costs one call, not a run
    },
  };
}
