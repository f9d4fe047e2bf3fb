import { type Box, iou } from '#core/box.ts';

/** Something the detector sees. */
export interface Detection {
  readonly className: string;
  /** In [0,1]. */
  readonly score: number;
  /** In pixels of the image as it was given. */
  readonly box: Box;
}

/** Two boxes of one class that overlap more than this are about one thing. */
const SAME_THING = 0.5;

/** The best box of every thing, best first. */
export function withoutRepeats(detections: readonly Detection[]): Detection[] {
  const kept: Detection[] = [];
  for (const one of detections.toSorted((a, b) => b.score - a.score)) {
    const isRepeat = kept.some((other) => other.className === one.className && iou(other.box, one.box) > SAME_THING);
    if (!isRepeat) kept.push(one);
  }
  return kept;
}
