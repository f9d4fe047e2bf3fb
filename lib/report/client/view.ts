import type { ReportSample, SampleStatus } from '../report-data.ts';

/** An expression with at least this many boxes deserves a check: it may be a crowd, or a model that repeats itself. */
export const manyBoxes = 5;

export type Order = 'input' | 'score' | 'phrases' | 'boxes' | 'errors' | 'iou';

/** The reader's filters and order. */
export interface View {
  readonly query: string;
  readonly status: SampleStatus | 'all';
  /** Only completed samples without a single box; failed ones do not count. */
  readonly noBox: boolean;
  /** Only samples with a phrase that is not visible. */
  readonly absent: boolean;
  readonly many: boolean;
  /** Only samples with a box scored at or below this; 1 shows all. */
  readonly maxScore: number;
  readonly order: Order;
}

export const everything: View = { query: '', status: 'all', noBox: false, absent: false, many: false, maxScore: 1, order: 'input' };

/** The properties of a sample for filters and orders, computed once. */
export interface Indexed {
  readonly place: number;
  readonly sample: ReportSample;
  readonly text: string;
  readonly boxes: number;
  readonly mostBoxes: number;
  /** `undefined` without a score. */
  readonly lowestScore: number | undefined;
  /** Of the worst expression, from the evaluation. */
  readonly iou: number | undefined;
}

export function indexSample(sample: ReportSample, place: number, iou?: number): Indexed {
  const { id, path, caption, cleaned, phrases, failure } = sample;
  const scores = phrases.flatMap(({ boxes }) => boxes.flatMap(([, , , , score]) => (score === null ? [] : [score])));
  const counts = phrases.map(({ boxes }) => boxes.length);
  const words = [id, path, caption, cleaned, failure?.code, failure?.message, ...phrases.map(({ text, note }) => `${text} ${note ?? ''}`)];
  return {
    place,
    sample,
    text: normalised(words.filter((word) => word !== undefined).join('\n')),
    boxes: counts.reduce((sum, count) => sum + count, 0),
    mostBoxes: Math.max(0, ...counts),
    lowestScore: scores.length === 0 ? undefined : Math.min(...scores),
    iou,
  };
}

function normalised(text: string): string {
  return text.normalize('NFKC').toLowerCase();
}

/** The samples of a view, in its order. A sample must contain every word of the query. */
export function samplesIn(view: View, all: readonly Indexed[]): Indexed[] {
  const words = normalised(view.query).split(/\s+/).filter(Boolean);
  return all.filter((one) => passes(view, words, one)).sort((a, b) => compare(view.order, a, b) || a.place - b.place);
}

function passes(view: View, words: readonly string[], { sample, text, boxes, mostBoxes, lowestScore }: Indexed): boolean {
  return (
    (view.status === 'all' || sample.status === view.status) &&
    (!view.noBox || (boxes === 0 && sample.status !== 'failed')) &&
    (!view.absent || sample.phrases.some(({ outcome }) => outcome === 'absent')) &&
    (!view.many || mostBoxes >= manyBoxes) &&
    (view.maxScore >= 1 || (lowestScore !== undefined && lowestScore <= view.maxScore)) &&
    words.every((word) => text.includes(word))
  );
}

const severity: Readonly<Record<SampleStatus, number>> = { failed: 0, partial: 1, ok: 2 };

function compare(order: Order, a: Indexed, b: Indexed): number {
  if (order === 'score') return (a.lowestScore ?? 2) - (b.lowestScore ?? 2);
  if (order === 'iou') return (a.iou ?? 2) - (b.iou ?? 2);
  if (order === 'phrases') return b.sample.phrases.length - a.sample.phrases.length;
  if (order === 'boxes') return b.boxes - a.boxes;
  if (order === 'errors') return severity[a.sample.status] - severity[b.sample.status];
  return 0;
}
