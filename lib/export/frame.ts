import type { Box, Size } from '#core/box.ts';

/** The size of the stored file, by the size of its upright picture. */
export function storedSize({ width, height }: Size, orientation: number): Size {
  return orientation >= 5 ? { width: height, height: width } : { width, height };
}

/** A box of the upright picture in the pixels of the stored file, by its EXIF orientation. */
export function storedBox([x1, y1, x2, y2]: Box, upright: Size, orientation: number): Box {
  const { width: w, height: h } = upright;
  switch (orientation) {
    case 2:
      return [w - x2, y1, w - x1, y2];
    case 3:
      return [w - x2, h - y2, w - x1, h - y1];
    case 4:
      return [x1, h - y2, x2, h - y1];
    case 5:
      return [y1, x1, y2, x2];
    case 6:
      return [y1, w - x2, y2, w - x1];
    case 7:
      return [h - y2, w - x2, h - y1, w - x1];
    case 8:
      return [h - y2, x1, h - y1, x2];
    default:
      return [x1, y1, x2, y2];
  }
}
