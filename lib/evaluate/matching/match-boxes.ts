import { type Box, iou } from '#core/box.ts';
import { assign } from './assign.ts';

/** The comparison of an expression's found boxes with the true ones. Every IoU is in [0,1]. */
export interface BoxMatch {
  /** The greatest IoU sum of a one-to-one pairing, divided by the larger number of boxes: missing and surplus boxes count as 0. */
  readonly setIou: number;
  /** The greatest number of one-to-one pairs with IoU ≥ 0.5. */
  readonly hits: number;
  /** IoU of the first box with its nearest true box. */
  readonly firstIou: number;
  /** IoU of the first box with the smallest box around all true ones. */
  readonly mergedIou: number;
}

/** The threshold of hits. */
export const hitIou = 0.5;

/** Compares found boxes, best score first, with at least one true box. */
export function matchBoxes(found: readonly Box[], truth: readonly Box[]): BoxMatch {
  const [first] = found;
  if (first === undefined) return { setIou: 0, hits: 0, firstIou: 0, mergedIou: 0 };
  const ious = found.map((box) => truth.map((one) => iou(box, one)));
  const firstIou = Math.max(...(ious[0] ?? []));
  const mergedIou = truth.length === 1 ? firstIou : iou(first, around(truth));
  if (found.length === 1 || truth.length === 1) {
    const best = Math.max(...ious.flat());
    return { setIou: best / Math.max(found.length, truth.length), hits: best >= hitIou ? 1 : 0, firstIou, mergedIou };
  }
  const hits = totalWeight(ious.map((row) => row.map((value) => (value >= hitIou ? 1 : 0))));
  return { setIou: totalWeight(ious) / Math.max(found.length, truth.length), hits, firstIou, mergedIou };
}

function totalWeight(weights: readonly (readonly number[])[]): number {
  let sum = 0;
  for (const [row, column] of assign(weights).entries()) sum += weights[row]?.[column] ?? 0;
  return sum;
}

function around(boxes: readonly Box[]): Box {
  return [
    Math.min(...boxes.map(([x1]) => x1)),
    Math.min(...boxes.map(([, y1]) => y1)),
    Math.max(...boxes.map(([, , x2]) => x2)),
    Math.max(...boxes.map(([, , , y2]) => y2)),
  ];
}
