import { z } from 'zod';

const pixels = z.int().nonnegative();

/** A measured image: its content, the state of its file, and its upright size. Kept in checkpoints and part files. */
export const ImageFacts = z.object({
  /** Equal for equal bytes. */
  identity: z.string(),
  /** Bytes of the file, and its stamp (mtime or ETag): while both stay, the file is not read again. */
  size: z.number(),
  stamp: z.string(),
  width: pixels,
  height: pixels,
  /** EXIF orientation of the stored file, 1–8. */
  orientation: pixels,
});
export type ImageFacts = Readonly<z.infer<typeof ImageFacts>>;
