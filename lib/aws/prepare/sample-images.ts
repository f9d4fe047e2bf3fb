/** The image path of a line, and the image base of the previous run for a line of `failed.jsonl`. */
export interface ImageReference {
  readonly path: string;
  readonly base?: string | undefined;
}

export interface ImageSamplerState {
  readonly stride: number;
  readonly kept: readonly ImageReference[];
  /** The image offered last. */
  readonly last?: ImageReference | undefined;
}

/** Images checked before the first model call. */
const SAMPLE_SIZE = 200;

/**
 * Samples images evenly from a file of unknown length: it keeps every `stride`-th image and doubles the stride when it has too many.
 * The last image is always in the sample, because an incomplete upload usually lacks its end.
 */
export function createImageSampler(state: ImageSamplerState = { stride: 1, kept: [] }) {
  let { stride } = state;
  let kept = [...state.kept];
  let { last } = state;
  let skipped = stride - 1;
  return {
    offer(image: ImageReference): void {
      last = image;
      if (++skipped < stride) return;
      skipped = 0;
      kept.push(image);
      if (kept.length < 2 * SAMPLE_SIZE) return;
      kept = kept.filter((_, index) => index % 2 === 0);
      stride *= 2;
    },
    /** Up to 200 different images. */
    sample(): ImageReference[] {
      const step = Math.max(1, kept.length / SAMPLE_SIZE);
      const sampled = Array.from(
        { length: Math.min(kept.length, SAMPLE_SIZE) },
        (_, index) => kept[Math.floor(index * step)] as ImageReference,
      );
      if (last !== undefined) sampled[sampled.length - 1] = last;
      return [...new Map(sampled.map((image) => [JSON.stringify([image.path, image.base]), image])).values()];
    },
    get state() {
      return { stride, kept, last };
    },
  };
}
