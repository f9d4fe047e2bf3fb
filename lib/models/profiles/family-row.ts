import type { ImagePolicy, ModelProfile } from '#core/model-profile.ts';

/** One family of the table: the names of its models and the source of its convention. */
export interface FamilyRow {
  /**
   * Matches anywhere in a lower-case model name: gateways add prefixes, quantisers and fine-tuners add suffixes.
   * A version must end: 2 is not 2.5, and "medgemma-4b" is an older model of four billion parameters.
   */
  readonly names: RegExp;
  readonly source: string;
  readonly profile: ModelProfile;
}

const MB = 1_000_000;

/** Images for servers of open models. Some decode only these two formats (llama.cpp, Ollama). Four megapixels are about 4,000 tokens. */
export const openModelImages: ImagePolicy = { mimeTypes: ['image/jpeg', 'image/png'], maxPixels: 2048 * 2048, maxBytes: 15 * MB };

/** Images for Gemini: the request body is limited to 20 MB, and base64 adds a third. */
export const geminiImages: ImagePolicy = {
  mimeTypes: ['image/jpeg', 'image/png', 'image/webp', 'image/heic', 'image/heif'],
  maxBytes: 14 * MB,
};

/** Images for hosted chat models, up to the size that they do not resize. */
export const hostedImages = (maxSide: number, maxPixels: number): ImagePolicy => ({
  mimeTypes: ['image/jpeg', 'image/png', 'image/webp'],
  maxSide,
  maxPixels,
  maxBytes: 3.7 * MB, // Claude takes 5 MB of base64, and this is plenty at these sizes
});

/**
 * Sizes that a "smart resize" with patches of 14, merged in twos, does not change. They hold for all known limits of servers
 * (1,280 patches in Ollama and the fine-tuning tool, 16,384 in vLLM).
 */
export const leftAloneSizes = { multipleOf: 28, minPixels: 480 * 480, maxPixels: 1280 * 28 * 28 } as const;
export const smartResizedImages: ImagePolicy = { ...openModelImages, ...leftAloneSizes };

/** The family's own list, requested in words: most open models were trained to write it. */
export const nativeList: Pick<ModelProfile, 'form' | 'tier' | 'scores' | 'stateSize' | 'parameters' | 'temperature' | 'image'> = {
  form: 'list',
  tier: 'text',
  scores: false,
  stateSize: false,
  image: openModelImages,
  parameters: {},
  temperature: true,
};

/** Boxes under a schema that the server enforces. */
export const schemaObject: Pick<ModelProfile, 'form' | 'tier' | 'scores'> = { form: 'object', tier: 'schema', scores: true };

export const qwenBox = { key: 'bbox_2d', order: 'xyxy', scale: 1000 } as const;
export const geminiBox = { key: 'box_2d', order: 'yxyx', scale: 1000 } as const;
export const pixelBox = { key: 'bbox', order: 'xyxy', scale: 'pixels' } as const;
