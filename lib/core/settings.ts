import { z } from 'zod';
import { SpecStep } from './step-names.ts';

const positive = z.int().min(1);
const MediaResolution = z.enum(['MEDIA_RESOLUTION_LOW', 'MEDIA_RESOLUTION_MEDIUM', 'MEDIA_RESOLUTION_HIGH', 'MEDIA_RESOLUTION_ULTRA_HIGH']);

export const Backend = z.enum(['gemini', 'openai', 'builtin']);
export type Backend = z.infer<typeof Backend>;

/** TAO runs steps in this order, whatever the order they are named in. */
const Steps = z
  .array(SpecStep)
  .min(1)
  .transform((steps) => SpecStep.options.filter((step) => steps.includes(step)));

const GeminiSettings = z.strictObject({
  api_key: z
    .string()
    .default('')
    .describe('better in GOOGLE_API_KEY or GEMINI_API_KEY, which go first; in the spec where a run has two hosts'),
  base_url: z.string().default('').describe('only for a proxy or gateway'),
  api_version: z.string().default('v1beta').describe('of the Gemini API'),
  model: z.string().default('gemini-3.1-flash-lite').describe('model id'),
  media_resolution: MediaResolution.default('MEDIA_RESOLUTION_HIGH').describe(
    'of step 0; step 1 uses HIGH unless vlm.grounding.media_resolution says otherwise',
  ),
  temperature: z.number().min(0).max(2).default(0.3).describe('sent to models that take one'),
  max_output_tokens: positive.default(8192).describe('upper limit; a request asks for what it can need'),
  timeout: z
    .number()
    .positive()
    .default(120)
    .describe('seconds for an answer to begin and between its parts; the whole answer may take 60 s longer'),
  service_tier: z.string().optional().describe('e.g. flex'),
  extra_body: z.record(z.string(), z.unknown()).default({}).describe('merged into every request'),
  default_headers: z.record(z.string(), z.string()).default({}).describe('sent with every request'),
});
export type GeminiSettings = z.infer<typeof GeminiSettings>;

const OpenAISettings = z.strictObject({
  api_key: z
    .string()
    .default('')
    .describe('better in OPENAI_API_KEY, which goes first; in the spec where a run has two hosts; servers without keys need none'),
  base_url: z.string().default('').describe('without /chat/completions'),
  api_version: z.string().optional().describe('for Azure'),
  model_name: z.string().default('').describe('may be left out where the server has a single model'),
  temperature: z.number().min(0).max(2).default(0.2).describe('sent to models that take one'),
  max_tokens: positive.default(4096).describe('upper limit; a request asks for what it can need'),
  timeout: z
    .number()
    .positive()
    .default(60)
    .describe('seconds for an answer to begin and between its parts; the whole answer may take 60 s longer'),
  service_tier: z.string().optional().describe('e.g. flex'),
  extra_body: z.record(z.string(), z.unknown()).default({}).describe('merged into every request, e.g. mm_processor_kwargs'),
  default_headers: z.record(z.string(), z.string()).default({}).describe('sent with every request'),
});
export type OpenAISettings = z.infer<typeof OpenAISettings>;

/** zod fills in the defaults of optional fields too; in an override, what is left out must stay left out. */
function withoutDefaults<T extends z.ZodObject>(schema: T): T {
  const fields = Object.entries(schema.shape).map(([name, field]) => [name, field instanceof z.ZodDefault ? field.unwrap() : field]);
  return z.strictObject(Object.fromEntries(fields)) as unknown as T;
}

/** Another backend or model for one step: what is left out is taken from `vlm`. */
const StepModelSettings = z.strictObject({
  backend: Backend.optional(),
  gemini: withoutDefaults(GeminiSettings).partial().optional(),
  openai: withoutDefaults(OpenAISettings).partial().optional(),
  media_resolution: MediaResolution.optional(),
});

/** `order-scale[-key]`, e.g. `xyxy-1000`, `yxyx-1000`, `xyxy-pixels`, `xyxy-1`; or the name of a profile (`qwen3-vl`). `auto` looks it up or asks. */
const Coordinates = z.string().default('auto').describe('how boxes are written, e.g. xyxy-1000 or qwen3-vl; auto = by the model');

export const VlmSettings = z.strictObject({
  backend: Backend.default('gemini').describe('gemini, openai = any compatible endpoint, builtin = no key, 80 classes, for trying out'),
  gemini: GeminiSettings.prefault({}),
  openai: OpenAISettings.prefault({}),
  coordinates: Coordinates,
  /** Ask a model about synthetic pictures before the first paid sample: `auto` = unknown models and self-hosted ones, `off` = never. */
  localisation_check: z.enum(['auto', 'off']).default('auto').describe('ask an unknown or self-hosted model about test pictures first'),
  requests_per_minute: z.number().positive().optional().describe('known limit of the endpoint'),
  tokens_per_minute: z.number().positive().optional().describe('known limit of the endpoint'),
  extraction: StepModelSettings.prefault({}),
  grounding: StepModelSettings.prefault({}),
});
export type VlmSettings = z.infer<typeof VlmSettings>;

/** Everything below `image_grounding:` of a spec file, checked and with its defaults. Field names are TAO's where TAO has them. */
export const Settings = z.strictObject({
  workflow: z
    .strictObject({
      steps: Steps.prefault(['0', '1']).describe('0 = find expressions in the caption, 1 = find their boxes; always in this order'),
      max_workers: positive.default(4).describe('calls in flight at most; fewer where the server asks for it'),
      force_reprocess: z.boolean().default(false).describe('ask the model again although the answers are at hand'),
      limit: positive.optional().describe('only the first lines'),
      sample: positive.optional().describe('only so many lines, drawn with the seed'),
      seed: z.int().default(0).describe('which lines a sample draws'),
      budget_usd: z
        .number()
        .positive()
        .optional()
        .describe('stop once the known cost of all invocations in the results folder reaches this; calls in flight are finished'),
      max_failure_rate: z.number().min(0).max(1).default(0).describe('more failed lines than this share end with exit code 2'),
      partial: z.enum(['keep', 'fail']).default('keep').describe('what becomes of a sample with an unanswered expression'),
    })
    .prefault({}),
  data: z
    .strictObject({
      input_jsonl: z.string().default('').describe('lines of {"image_path", "caption"}; .gz too'),
      image_root: z.string().default('').describe('where relative image paths begin, if not beside the input'),
      allow_https: z.boolean().default(false).describe('fetch images from public https addresses'),
      max_image_bytes: positive.default(50_000_000).describe('larger files fail'),
      max_image_pixels: positive.default(100_000_000).describe('larger images fail'),
    })
    .prefault({}),
  vlm: VlmSettings.prefault({}),
  extraction: z
    .strictObject({
      max_expressions: positive.max(99).default(30),
      language: z.enum(['keep', 'en']).default('keep').describe("language of the cleaned caption: the caption's or English"),
      instructions: z.string().default('').describe('added to the prompt'),
    })
    .prefault({}),
  grounding: z
    .strictObject({
      max_instances: positive.max(99).default(10).describe('boxes per expression'),
      instances: z.enum(['all', 'referred']).default('all').describe('every thing that fits the words, or the ones the caption means'),
      instructions: z.string().default('').describe('added to the prompt'),
    })
    .prefault({}),
  output: z
    .strictObject({
      provenance: z.boolean().default(true).describe('which model and prompt made each record'),
      compat: z.enum(['none', 'tao']).default('none').describe("tao = records as TAO's own code writes them"),
    })
    .prefault({}),
});
export type Settings = z.infer<typeof Settings>;
