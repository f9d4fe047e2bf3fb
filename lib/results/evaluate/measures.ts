import { createPrecisionTally, type PrecisionTally } from './average-precision.ts';
import type { ComparedExpression, ComparedSample } from './measure-sample.ts';
import { createTally, type Fate, type Tally } from './tally.ts';
import type { TruthLine } from './truth-line.ts';
import { createWorstSamples, type WorstSample } from './worst-samples.ts';

export interface SampleCounts {
  /** Samples that failed. */
  readonly failed: number;
  /** True expressions that the results do not have, and theirs that the truth does not have. */
  readonly missed: number;
  readonly surplus: number;
  /** Boxes without a score. */
  readonly unscored: number;
}

export interface SampleOrigin {
  /** 1-based, in the run's input. */
  readonly line: number;
  /** Why it failed, if it did. */
  readonly failure?: string;
}

/** What is gathered of compared samples. */
export interface Measures {
  add(sample: ComparedSample, truth: TruthLine, origin: SampleOrigin): void;
  readonly tally: Tally;
  readonly precision: PrecisionTally;
  readonly counts: SampleCounts;
  worst(): readonly WorstSample[];
}

export function createMeasures(clusterOf: (imagePath: string) => number): Measures {
  const tally = createTally();
  const precision = createPrecisionTally();
  const worst = createWorstSamples();
  const counts = { failed: 0, missed: 0, surplus: 0, unscored: 0 };
  return {
    add({ expressions, spans }, truth, origin) {
      const cluster = clusterOf(truth.image_path);
      tally.add(cluster, expressions, spans);
      if (origin.failure !== undefined) counts.failed++;
      counts.surplus += spans.found - spans.matched;
      for (const [index, { fate, boxes, scores }] of expressions.entries()) {
        if (fate === 'unmatched') counts.missed++;
        for (const score of scores) if (score === null) counts.unscored++;
        precision.add(cluster, { boxes, scores: scores.map((score) => score ?? 0) }, truth.expressions[index]?.boxes ?? []);
      }
      const lowest = worstExpression(expressions);
      if (lowest) worst.offer({ ...lowest, line: origin.line }, () => describe(lowest, expressions, truth, origin));
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
  readonly fate: Fate;
}

/** The first expression with the lowest IoU, if it is not perfect; an absent one counts as 1 where it was rejected or never asked for. */
function worstExpression(expressions: readonly ComparedExpression[]): Lowest | undefined {
  let lowest: Lowest | undefined;
  for (const [index, { match, fate }] of expressions.entries()) {
    const iou = match?.setIou ?? (fate === 'rejected' || fate === 'unmatched' ? 1 : 0);
    if (iou < (lowest?.iou ?? 1)) lowest = { iou, index, fate };
  }
  return lowest;
}

function describe(
  { iou, index, fate }: Lowest,
  expressions: readonly ComparedExpression[],
  { image_path: path, caption, expressions: wanted }: TruthLine,
  { line, failure }: SampleOrigin,
): WorstSample {
  const { text: expression = '', boxes: truth = [] } = wanted[index] ?? {};
  const note = failure === undefined ? noteOf(fate, expressions[index]?.found ?? 0, truth.length) : `the sample failed: ${failure}`;
  return { line, path, caption, expression, iou, fate, truth, note };
}

function noteOf(fate: Fate, found: number, truth: number): string {
  if (fate === 'rejected') return 'taken for absent';
  if (fate === 'unanswered') return 'no usable answer';
  if (fate === 'unmatched') return 'no such phrase in the results';
  return truth === 0 ? `really absent, ${found} found` : `${found} found, ${truth} true`;
}
