import type { Size } from '#core/box.ts';
import type { Orientation } from './image-header.ts';

/** The steps from a stored picture to the upright one: a horizontal mirroring, then a clockwise rotation. */
export interface Turn {
  readonly mirror: boolean;
  readonly degrees: 0 | 90 | 180 | 270;
}

const TURNS: Readonly<Record<Orientation, Turn>> = {
  1: { mirror: false, degrees: 0 },
  2: { mirror: true, degrees: 0 },
  3: { mirror: false, degrees: 180 },
  4: { mirror: true, degrees: 180 },
  5: { mirror: true, degrees: 270 },
  6: { mirror: false, degrees: 90 },
  7: { mirror: true, degrees: 90 },
  8: { mirror: false, degrees: 270 },
};

/** The turn that makes a stored picture of this orientation upright. */
export const findTurn = (orientation: Orientation): Turn => TURNS[orientation];

/** The upright size of a stored picture. */
export function upright({ width, height }: Size, orientation: Orientation): Size {
  return orientation >= 5 ? { width: height, height: width } : { width, height };
}

/** The orientation that combines `first`, then `second`. */
export function followedBy(first: Orientation, second: Orientation): Orientation {
  const [a, b] = [TURNS[first], TURNS[second]];
  const degrees = ((b.mirror ? 360 - a.degrees : a.degrees) + b.degrees) % 360;
  const mirror = a.mirror !== b.mirror;
  const found = Object.entries(TURNS).find(([, turn]) => turn.degrees === degrees && turn.mirror === mirror);
  return Number(found?.[0]) as Orientation;
}
