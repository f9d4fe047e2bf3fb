import { hashText } from '#core/hash-text.ts';

/** At most so many groups are drawn from by the bootstrap. */
export const MAX_CLUSTERS = 4096;

/**
 * The group a sample is drawn with: its image's, since captions of one image are right and wrong together.
 * Beyond `MAX_CLUSTERS` images, those that come later share groups by hash: random groups leave an interval as wide as it should be.
 */
export function createClusters(): (imagePath: string) => number {
  const known = new Map<string, number>();
  return (imagePath) => {
    const before = known.get(imagePath);
    if (before !== undefined) return before;
    if (known.size >= MAX_CLUSTERS) return hashText(imagePath) % MAX_CLUSTERS;
    known.set(imagePath, known.size);
    return known.size - 1;
  };
}
