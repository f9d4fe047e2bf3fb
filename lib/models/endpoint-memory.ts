import { z } from 'zod';

/** What was learned about an endpoint, kept between runs. Keys are short strings, values small JSON. */
export interface EndpointMemory {
  get(key: string): Promise<unknown>;
  set(key: string, value: unknown): Promise<void>;
}

const Tier = z.enum(['schema', 'json', 'text']);

/** `tier`: the highest that works. `quirks`: parameters this server wants otherwise. `profile`: the convention the probe found. */
const Knowledge = z.object({ tier: Tier.default('schema'), quirks: z.array(z.string()).default([]), profile: z.string().optional() });
export type Knowledge = z.infer<typeof Knowledge>;

/** Knowledge of one endpoint and model, shared by everything that talks to it; what is learned is remembered at once. */
export interface EndpointKnowledge {
  readonly known: Readonly<Knowledge>;
  learn(news: Partial<Knowledge>): void;
}

/** Reads what is remembered, if anything; unreadable memory is no memory. */
export async function recallEndpoint(memory: EndpointMemory | undefined, endpoint: string, model: string): Promise<EndpointKnowledge> {
  const key = `${endpoint} ${model}`;
  const remembered = Knowledge.safeParse(await memory?.get(key));
  let known: Knowledge = remembered.data ?? { tier: 'schema', quirks: [] };
  return {
    get known() {
      return known;
    },
    learn(news) {
      known = { ...known, ...news };
      memory?.set(key, known).catch(() => {}); // forgetting costs one call, not a run
    },
  };
}
