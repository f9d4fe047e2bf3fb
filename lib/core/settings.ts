import { z } from 'zod';

const positive = z.int().min(1);
const MediaResolution = z.enum(['MEDIA_RESOLUTION_LOW', 'MEDIA_RESOLUTION_MEDIUM', 'MEDIA_RESOLUTION_HIGH', 'MEDIA_RESOLUTION_ULTRA_HIGH']);

export const Backend = z.enum(['gemini', 'openai', 'builtin']);
export type Backend = z.infer<typeof Backend>;

const GeminiSettings = z.strictObject({
  api_key: z.string().default(''),
  base_url: z.string().default(''),
  api_version: z.string().default('v1beta'),
  model: z.string().default('gemini-3.1-flash-lite'),
  media_resolution: MediaResolution.default('MEDIA_RESOLUTION_HIGH'),
  temperature: z.number().min(0).max(2).default(0.3),
  max_output_tokens: positive.default(8192),
  timeout: z.number().positive().default(120),
  service_tier: z.string().optional(),
  extra_body: z.record(z.string(), z.unknown()).default({}),
  default_headers: z.record(z.string(), z.string()).default({}),
});
export type GeminiSettings = z.infer<typeof GeminiSettings>;

const OpenAISettings = z.strictObject({
  api_key: z.string().default(''),
  base_url: z.string().default(''),
  api_version: z.string().optional(),
  model_name: z.string().default(''),
  temperature: z.number().min(0).max(2).default(0.2),
  max_tokens: positive.default(4096),
  timeout: z.number().positive().default(60),
  service_tier: z.string().optional(),
  extra_body: z.record(z.string(), z.unknown()).default({}),
  default_headers: z.record(z.string(), z.string()).default({}),
});
export type OpenAISettings = z.infer<typeof OpenAISettings>;

/** zod fills in the defaults of optional fields too; in an override, what is left out must stay left out. */
function withoutDefaults<T extends z.ZodObject>(schema: T): T {
  const fields = Object.entries(schema.shape).map(([name, field]) => [name, field instanceof z.ZodDefault ? field.unwrap() : field]);
  return z.strictObject(Object.fromEntries(fields)) as unknown as T;
}

/** Another backend or model for one step: what is left out is taken from `vlm`. */
const StepModel = z.strictObject({
  backend: Backend.optional(),
  gemini: withoutDefaults(GeminiSettings).partial().optional(),
  openai: withoutDefaults(OpenAISettings).partial().optional(),
  media_resolution: MediaResolution.optional(),
});

/** `order-scale[-key]`, e.g. `xyxy-1000`, `yxyx-1000`, `xyxy-pixels`, `xyxy-1`; or the name of a profile (`qwen3-vl`). `auto` looks it up or asks. */
const Coordinates = z.string().default('auto');

export const VlmSettings = z.strictObject({
  backend: Backend.default('gemini'),
  gemini: GeminiSettings.prefault({}),
  openai: OpenAISettings.prefault({}),
  coordinates: Coordinates,
  /** Ask a model about synthetic pictures before the first paid sample: `auto` = unknown models and self-hosted ones, `off` = never. */
  localisation_check: z.enum(['auto', 'off']).default('auto'),
  requests_per_minute: z.number().positive().optional(),
  tokens_per_minute: z.number().positive().optional(),
  extraction: StepModel.prefault({}),
  grounding: StepModel.prefault({}),
});
export type VlmSettings = z.infer<typeof VlmSettings>;

/** Everything below `image_grounding:` of a spec file, checked and with its defaults. Field names are TAO's where TAO has them. */
export const Settings = z.strictObject({
  workflow: z
    .strictObject({
      steps: z
        .array(z.enum(['0', '1']))
        .min(1)
        .default(['0', '1']),
      max_workers: positive.default(4),
      force_reprocess: z.boolean().default(false),
      limit: positive.optional(),
      sample: positive.optional(),
      seed: z.int().default(0),
      budget_usd: z.number().positive().optional(),
      max_failure_rate: z.number().min(0).max(1).default(0),
      partial: z.enum(['keep', 'fail']).default('keep'),
    })
    .prefault({}),
  data: z
    .strictObject({
      input_jsonl: z.string().default(''),
      image_root: z.string().default(''),
      allow_https: z.boolean().default(false),
      max_image_bytes: positive.default(50_000_000),
      max_image_pixels: positive.default(100_000_000),
    })
    .prefault({}),
  vlm: VlmSettings.prefault({}),
  extraction: z
    .strictObject({
      max_expressions: positive.max(99).default(30),
      language: z.enum(['keep', 'en']).default('keep'),
      instructions: z.string().default(''),
    })
    .prefault({}),
  grounding: z
    .strictObject({
      max_instances: positive.max(99).default(10),
      instances: z.enum(['all', 'referred']).default('all'),
      instructions: z.string().default(''),
    })
    .prefault({}),
  output: z.strictObject({ provenance: z.boolean().default(true), compat: z.enum(['none', 'tao']).default('none') }).prefault({}),
});
export type Settings = z.infer<typeof Settings>;
