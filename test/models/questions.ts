import type { ModelRequest } from '#core/ports.ts';

export const extractionSchema = {
  type: 'object',
  properties: {
    cleaned_caption: { type: 'string' },
    expressions: {
      type: 'array',
      items: {
        type: 'object',
        properties: { text: { type: 'string' }, noun_chunk: { type: 'string' } },
        required: ['text', 'noun_chunk'],
        additionalProperties: false,
      },
    },
  },
  required: ['cleaned_caption', 'expressions'],
  additionalProperties: false,
} as const;

/** A 1×1 PNG. */
export const pixel = new Uint8Array(
  Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==', 'base64'),
);

/** A question about `caption`; `bytes` stands for the image. */
export function question(caption: string, overrides: Partial<ModelRequest> = {}): ModelRequest {
  return {
    task: { kind: 'extract', caption, maxExpressions: 30 },
    prompt: `List what is visible. Caption: ${JSON.stringify(caption)}`,
    image: { bytes: pixel, mimeType: 'image/png', width: 1, height: 1 },
    schema: extractionSchema,
    tier: 'schema',
    maxTokens: 1024,
    ...overrides,
  };
}
