import { hashText } from '#core/hash-text.ts';

/** The greatest number of groups in the bootstrap. */
export const MAX_CLUSTERS = 4096;

/**
 * The bootstrap group of a sample, by its image: captions of one image tend to be right and wrong together.
 * Beyond `MAX_CLUSTERS` images, later ones share groups by hash; random groups keep the width of the interval right.
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
