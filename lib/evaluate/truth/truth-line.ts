import { z } from 'zod';
import { Box } from '#core/box.ts';

/** An expression of the truth with its true boxes: no box = not in the image. */
export const TrueExpression = z.object({
  text: z.string().min(1),
  /** Half-open, in Unicode code points of `caption`. By default the text is searched. */
  char_span: z.tuple([z.int().nonnegative(), z.int().nonnegative()]).optional(),
  /** `[x1, y1, x2, y2]` in pixels of the upright image, fractions allowed; a box without area is an error. */
  boxes: z.array(Box),
});
export type TrueExpression = z.infer<typeof TrueExpression>;

/**
 * One line of a truth file. `image_path` and `caption` join it with a result: the caption is the original one of the input.
 * @example {"image_path":"img/a.jpg","caption":"a red car near a tree","width":640,"height":480,
 *   "expressions":[{"text":"a red car","char_span":[0,9],"boxes":[[10,20,300,480]]},{"text":"a tree","char_span":[15,21],"boxes":[]}]}
 */
export const TruthLine = z.object({
  image_path: z.string().min(1),
  caption: z.string().min(1),
  width: z.number().positive().optional(),
  height: z.number().positive().optional(),
  expressions: z.array(TrueExpression),
});
export type TruthLine = z.infer<typeof TruthLine>;
