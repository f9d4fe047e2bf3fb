import { createHash } from 'node:crypto';
import type { ModelProfile } from '#core/model-profile.ts';
import type { ModelReply, Task, VisionLanguageModel } from '#core/ports.ts';
import { answerExpressions } from './answer-expressions.ts';
import type { Detector } from './detector.ts';
import { openWeights, type WeightsOptions } from './open-weights.ts';

/** The profile of the builtin model. All expressions of an image share one request, so that equal ones can get different boxes. */
export const builtinProfile: ModelProfile = {
  family: 'builtin',
  box: { key: 'bbox', order: 'xyxy', scale: 'pixels' },
  form: 'object',
  tier: 'schema',
  expressionsPerCall: 1000,
  scores: true,
  stateSize: false,
  image: {
    mimeTypes: ['image/jpeg', 'image/png', 'image/webp', 'image/gif', 'image/tiff', 'image/avif'],
    maxBytes: Number.MAX_SAFE_INTEGER,
  },
  parameters: {},
  temperature: false,
};

/** Part of every record. The number increases when replies change, so that checkpoints of older replies are not reused. */
const MODEL = 'builtin/wink+coco-ssd@1 (demonstration detector, 80 classes)';

/** The usage of a free call. */
const USAGE = { calls: 1, input: 0, cachedInput: 0, output: 0, thinking: 0 };

/**
 * A model without a key: noun phrases by a part-of-speech tagger, boxes by a detector of 80 classes. It ignores attributes and relations.
 * Its parts are loaded by the first request that needs them; the detector is downloaded once.
 */
export async function createBuiltin(options: WeightsOptions): Promise<VisionLanguageModel> {
  options.notice(
    'builtin is a demonstration detector: English noun phrases, 80 classes of things, no attributes or relations. Use it for demonstrations only',
  );
  let detector: Promise<Detector> | undefined;
  const detect = withCache(async (image, signal) => {
    detector ??= openDetector(options);
    return (await detector)(image, signal);
  });
  return {
    backend: 'builtin',
    model: MODEL,
    async ask(request, signal) {
      const { task } = request;
      const answer = task.kind === 'extract' ? await extract(task) : await ground(task, () => detect(request.image, signal));
      signal.throwIfAborted();
      const reply: ModelReply = { text: JSON.stringify(answer), finish: 'stop', tier: request.tier, usage: USAGE };
      return reply;
    },
  };
}

/** Number of pictures with cached detections: captions of one picture usually follow each other. */
const MAX_CACHED = 64;

function withCache(detect: Detector): Detector {
  const cache = new Map<string, ReturnType<Detector>>();
  return (image, signal) => {
    const key = createHash('sha256').update(image.bytes).digest('base64');
    const detections = cache.get(key) ?? detect(image, signal);
    cache.delete(key);
    cache.set(key, detections);
    detections.catch(() => cache.delete(key));
    for (const oldest of cache.keys()) if (cache.size > MAX_CACHED) cache.delete(oldest);
    return detections;
  };
}

async function openDetector(options: WeightsOptions): Promise<Detector> {
  const folder = await openWeights(options);
  const { loadDetector } = await import('./detector.ts');
  return loadDetector(folder);
}

async function extract({ caption, maxExpressions }: Extract<Task, { kind: 'extract' }>) {
  const { nounPhrases } = await import('./noun-phrases.ts');
  const cleaned = caption.trim().replace(/\s+/g, ' ');
  const phrases = nounPhrases(cleaned).slice(0, maxExpressions);
  return { cleaned_caption: cleaned, expressions: phrases.map(({ text, nounChunk }) => ({ text, noun_chunk: nounChunk })) };
}

async function ground({ expressions, maxInstances }: Extract<Task, { kind: 'ground' }>, detect: () => ReturnType<Detector>) {
  return answerExpressions(expressions, await detect(), maxInstances);
}
