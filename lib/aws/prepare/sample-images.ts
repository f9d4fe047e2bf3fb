/** An image as a line names it, and where the run that the line failed in looked for it. */
export interface ImageReference {
  readonly path: string;
  readonly base?: string | undefined;
}

export interface ImageSamplerState {
  readonly stride: number;
  readonly kept: readonly ImageReference[];
  /** The last one offered. */
  readonly last?: ImageReference | undefined;
}

/** Images looked for before anything is paid. */
const LOOKED_FOR = 200;

/**
 * Keeps every so many-th of the images offered, so that what is kept is spread over a file whose length is not known; and the last, because
 * an upload that is not whole yet mostly lacks its end.
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
      if (kept.length < 2 * LOOKED_FOR) return;
      kept = kept.filter((_, index) => index % 2 === 0);
      stride *= 2;
    },
    /** At most 200 different ones. */
    take(): ImageReference[] {
      const step = Math.max(1, kept.length / LOOKED_FOR);
      const sampled = Array.from(
        { length: Math.min(kept.length, LOOKED_FOR) },
        (_, index) => kept[Math.floor(index * step)] as ImageReference,
      );
      if (last !== undefined) sampled[sampled.length - 1] = last;
      return [...new Map(sampled.map((image) => [JSON.stringify([image.path, image.base]), image])).values()];
    },
    get state() {
      return { stride, kept, ...(last === undefined ? {} : { last }) };
    },
  };
}
