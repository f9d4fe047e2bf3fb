import { type BoxMatch, hitIou } from '../matching/match-boxes.ts';
import { MAX_CLUSTERS } from './clusters.ts';
import { type Population, type RatioId, ratioFigures } from './figures.ts';

/**
 * The outcome of a true expression. `answered`: boxes · `rejected`: answered as absent · `unanswered`: no usable answer ·
 * `failed`: the sample failed · `unmatched`: the results have no such expression.
 */
export type ExpressionOutcome = 'answered' | 'rejected' | 'unanswered' | 'failed' | 'unmatched';

export interface MeasuredExpression {
  readonly outcome: ExpressionOutcome;
  readonly found: number;
  readonly truth: number;
  /** Present if there is a true box. */
  readonly match?: BoxMatch;
}

/** Numbers of expressions in results and truth, and of matched ones. */
export interface MeasuredSpans {
  readonly found: number;
  readonly truth: number;
  readonly matched: number;
}

/** Numerators and denominators of all ratio figures, per cluster: `[cluster][figure][0 | 1]`. */
export interface Sums {
  readonly values: Float64Array;
  readonly clusters: number;
}

export const sumsWidth = ratioFigures.length * 2;
const figureOffsets = Object.fromEntries(ratioFigures.map(({ id }, index) => [id, index * 2])) as Record<RatioId, number>;

export type PopulationCounts = Record<Population, { all: number; unanswered: number }>;

export interface EvaluationTally {
  add(cluster: number, expressions: readonly MeasuredExpression[], spans: MeasuredSpans): void;
  readonly sums: Sums;
  readonly counts: Readonly<PopulationCounts>;
}

/** Sums the numerators and denominators of figures. */
export function createEvaluationTally(): EvaluationTally {
  const values = new Float64Array(MAX_CLUSTERS * sumsWidth);
  const count = () => ({ all: 0, unanswered: 0 });
  const counts: PopulationCounts = {
    present: count(),
    single: count(),
    absent: count(),
    asked: count(),
    boxes: count(),
    spans: count(),
    samples: count(),
  };
  let clusters = 0;
  return {
    add(cluster, expressions, spans) {
      clusters = Math.max(clusters, cluster + 1);
      const base = cluster * sumsWidth;
      const put = (id: RatioId, share: number, of = 1) => {
        const place = base + figureOffsets[id];
        values[place] = (values[place] ?? 0) + share;
        values[place + 1] = (values[place + 1] ?? 0) + of;
      };
      for (const expression of expressions) {
        addExpression(expression, put);
        countExpression(expression, counts);
      }
      put('span_precision', spans.matched, spans.found);
      put('span_recall', spans.matched, spans.truth);
      put('span_f1', 2 * spans.matched, spans.found + spans.truth);
    },
    get sums() {
      return { values, clusters };
    },
    counts,
  };
}

function addExpression({ outcome, found, truth, match }: MeasuredExpression, put: (id: RatioId, share: number, of?: number) => void): void {
  const asked = outcome !== 'unmatched';
  if (asked) put('no_answer', outcome === 'unanswered' || outcome === 'failed' ? 1 : 0);
  if (match === undefined) {
    if (asked) put('absent_acc', outcome === 'rejected' ? 1 : 0);
    put('box_precision', 0, found);
    return;
  }
  const { setIou, hits, firstIou, mergedIou } = match;
  put('acc50', setIou >= 0.5 ? 1 : 0);
  put('acc75', setIou >= 0.75 ? 1 : 0);
  put('acc90', setIou >= 0.9 ? 1 : 0);
  put('miou', setIou);
  put('precision', found === 0 ? 0 : hits / found);
  put('recall', hits / truth);
  put('f1', (2 * hits) / (found + truth));
  put('box_precision', hits, found);
  put('box_recall', hits, truth);
  put('any_box_r1', firstIou >= hitIou ? 1 : 0);
  put('merged_box_r1', mergedIou >= hitIou ? 1 : 0);
  if (truth === 1) put('refcoco_acc50', firstIou >= hitIou ? 1 : 0);
  if (asked && outcome !== 'failed') put('matched_acc50', setIou >= 0.5 ? 1 : 0);
}

function countExpression({ outcome, truth }: MeasuredExpression, counts: PopulationCounts): void {
  const populations: Population[] = truth === 0 ? ['absent'] : truth === 1 ? ['present', 'single'] : ['present'];
  for (const population of outcome === 'unmatched' ? populations.filter((one) => one !== 'absent') : [...populations, 'asked' as const]) {
    counts[population].all++;
    if (outcome === 'unanswered' || outcome === 'failed') counts[population].unanswered++;
  }
}
