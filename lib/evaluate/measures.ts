import { createPrecisionTally, type PrecisionTally } from './figures/average-precision.ts';
import { createEvaluationTally, type EvaluationTally, type ExpressionOutcome } from './figures/evaluation-tally.ts';
import type { ComparedExpression, ComparedSample } from './measure-sample.ts';
import type { TruthLine } from './truth/truth-line.ts';
import { createWorstSamples, type WorstSample } from './worst-samples.ts';

export interface SampleCounts {
  /** Samples that failed. */
  readonly failed: number;
  /** True expressions that the results lack, and expressions of the results that the truth lacks. */
  readonly missed: number;
  readonly surplus: number;
  /** Boxes without a score. */
  readonly unscored: number;
}

export interface SampleOrigin {
  /** 1-based, in the run's input. */
  readonly line: number;
  /** The failure code of a failed sample. */
  readonly failure?: string;
}

/** The sums over compared samples. */
export interface Measures {
  add(sample: ComparedSample, truth: TruthLine, origin: SampleOrigin): void;
  readonly tally: EvaluationTally;
  readonly precision: PrecisionTally;
  readonly counts: SampleCounts;
  worst(): readonly WorstSample[];
}

export function createMeasures(clusterOf: (imagePath: string) => number): Measures {
  const tally = createEvaluationTally();
  const precision = createPrecisionTally();
  const worst = createWorstSamples();
  const counts = { failed: 0, missed: 0, surplus: 0, unscored: 0 };
  return {
    add({ expressions, spans }, truth, origin) {
      const cluster = clusterOf(truth.image_path);
      tally.add(cluster, expressions, spans);
      if (origin.failure !== undefined) counts.failed++;
      counts.surplus += spans.found - spans.matched;
      for (const [index, { outcome, boxes, scores }] of expressions.entries()) {
        if (outcome === 'unmatched') counts.missed++;
        for (const score of scores) if (score === null) counts.unscored++;
        precision.add(cluster, { boxes, scores: scores.map((score) => score ?? 0) }, truth.expressions[index]?.boxes ?? []);
      }
      const lowest = worstExpression(expressions);
      if (lowest) worst.offer({ ...lowest, line: origin.line }, () => describeWorst(lowest, expressions, truth, origin));
    },
    tally,
    precision,
    counts,
    worst: () => worst.list(),
  };
}

interface Lowest {
  readonly iou: number;
  readonly index: number;
  readonly outcome: ExpressionOutcome;
}

/** The first expression with the lowest IoU below 1. An absent one counts as 1 if it was rejected or not part of the results. */
function worstExpression(expressions: readonly ComparedExpression[]): Lowest | undefined {
  let lowest: Lowest | undefined;
  for (const [index, { match, outcome }] of expressions.entries()) {
    const iou = match?.setIou ?? (outcome === 'rejected' || outcome === 'unmatched' ? 1 : 0);
    if (iou < (lowest?.iou ?? 1)) lowest = { iou, index, outcome };
  }
  return lowest;
}

function describeWorst(
  { iou, index, outcome }: Lowest,
  expressions: readonly ComparedExpression[],
  { image_path: path, caption, expressions: wanted }: TruthLine,
  { line, failure }: SampleOrigin,
): WorstSample {
  const { text: expression = '', boxes: truth = [] } = wanted[index] ?? {};
  const note =
    failure === undefined ? describeOutcome(outcome, expressions[index]?.found ?? 0, truth.length) : `the sample failed: ${failure}`;
  return { line, path, caption, expression, iou, outcome, truth, note };
}

function describeOutcome(outcome: ExpressionOutcome, found: number, truth: number): string {
  if (outcome === 'rejected') return 'answered as absent';
  if (outcome === 'unanswered') return 'no usable answer';
  if (outcome === 'unmatched') return 'no such phrase in the results';
  return truth === 0 ? `not in the image, ${found} found` : `${found} found, ${truth} true`;
}
