import { type Box, iou } from '#core/box.ts';

/** One thing found by the detector. */
export interface Detection {
  readonly className: string;
  /** In [0,1]. */
  readonly score: number;
  /** In pixels of the given image. */
  readonly box: Box;
}

/** Two boxes of one class with a higher IoU mean the same thing. */
const SAME_THING = 0.5;

/** The best box of each thing, best first. */
export function withoutRepeats(detections: readonly Detection[]): Detection[] {
  const kept: Detection[] = [];
  for (const one of detections.toSorted((a, b) => b.score - a.score)) {
    const isRepeat = kept.some((other) => other.className === one.className && iou(other.box, one.box) > SAME_THING);
    if (!isRepeat) kept.push(one);
  }
  return kept;
}
