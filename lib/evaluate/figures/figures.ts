/** The population behind a figure's denominator; its share without an answer is printed next to the figure. */
export type Population = 'present' | 'single' | 'absent' | 'asked' | 'boxes' | 'spans' | 'samples';

export interface Figure {
  /** For `--min` and JSON. All but `no_answer` are better when higher. */
  readonly id: string;
  readonly name: string;
  readonly of: Population;
}

/** Figures that are ratios of two sums over samples. */
export const ratioFigures = [
  { id: 'acc50', name: 'accuracy at IoU 0.5', of: 'present' },
  { id: 'acc75', name: 'accuracy at IoU 0.75', of: 'present' },
  { id: 'acc90', name: 'accuracy at IoU 0.9', of: 'present' },
  { id: 'miou', name: 'mean IoU', of: 'present' },
  { id: 'precision', name: 'precision per expression', of: 'present' },
  { id: 'recall', name: 'recall per expression', of: 'present' },
  { id: 'f1', name: 'F1 per expression', of: 'present' },
  { id: 'box_precision', name: 'precision of boxes', of: 'boxes' },
  { id: 'box_recall', name: 'recall of boxes', of: 'boxes' },
  { id: 'absent_acc', name: 'absent accuracy', of: 'absent' },
  { id: 'any_box_r1', name: 'R@1 any box (Flickr30k)', of: 'present' },
  { id: 'merged_box_r1', name: 'R@1 merged box (Flickr30k)', of: 'present' },
  { id: 'refcoco_acc50', name: 'acc@0.5 (RefCOCO)', of: 'single' },
  { id: 'matched_acc50', name: 'accuracy at 0.5, matched phrases', of: 'asked' },
  { id: 'span_precision', name: 'span precision', of: 'spans' },
  { id: 'span_recall', name: 'span recall', of: 'spans' },
  { id: 'span_f1', name: 'span F1', of: 'spans' },
  { id: 'no_answer', name: 'without an answer', of: 'asked' },
] as const satisfies readonly Figure[];

/** Figures over the ranking of all boxes by score. */
export const rankedFigures = [
  { id: 'ap', name: 'average precision 0.5–0.95', of: 'boxes' },
  { id: 'ap50', name: 'average precision at 0.5', of: 'boxes' },
  { id: 'ap75', name: 'average precision at 0.75', of: 'boxes' },
] as const satisfies readonly Figure[];

export type RatioId = (typeof ratioFigures)[number]['id'];
export type RankedId = (typeof rankedFigures)[number]['id'];
export type FigureId = RatioId | RankedId | 'coverage';

/** Figures that only extraction has. */
export const endToEndOnly: ReadonlySet<string> = new Set<RatioId>(['matched_acc50', 'span_precision', 'span_recall', 'span_f1']);
