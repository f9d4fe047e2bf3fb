/** Longest sides in pixels, with the estimated bytes of such a WebP picture. */
const sizes = [
  { side: 1280, bytes: 150_000 },
  { side: 960, bytes: 85_000 },
  { side: 720, bytes: 50_000 },
  { side: 480, bytes: 24_000 },
  { side: 400, bytes: 17_500 },
  { side: 320, bytes: 12_000 },
] as const;

/** The largest thumbnail side with which `pictures` of them fit into `budget` bytes; the smallest side if none fits. */
export function thumbnailSide(pictures: number, budget: number): number {
  const share = budget / Math.max(1, pictures);
  return (sizes.find(({ bytes }) => bytes <= share) ?? sizes[sizes.length - 1] ?? sizes[0]).side;
}

/**
 * An upright WebP thumbnail. Damaged pictures show their readable part, since that often explains a failure.
 * Throws sharp's error for bytes that are not a picture.
 */
export async function makeThumbnail(bytes: Uint8Array, side: number, maxPixels: number): Promise<Uint8Array> {
  const { default: sharp } = await import('sharp');
  return await sharp(bytes, { limitInputPixels: maxPixels, failOn: 'none' })
    .rotate()
    .resize({ width: side, height: side, fit: 'inside', withoutEnlargement: true })
    .webp({ quality: 72, effort: 3 })
    .toBuffer();
}
