import type { Box } from '#core/box.ts';
import type { ResultExpression, ResultRecord } from '#results/result-record.ts';
import type { ExpressionOutcome, MeasuredExpression, MeasuredSpans } from './figures/evaluation-tally.ts';
import { matchBoxes } from './matching/match-boxes.ts';
import { type Mode, matchExpressions } from './matching/match-expressions.ts';
import type { TruthLine } from './truth/truth-line.ts';

/** A true expression with the boxes found for it, best score first. */
export interface ComparedExpression extends MeasuredExpression {
  readonly boxes: readonly Box[];
  readonly scores: readonly (number | null)[];
}

export interface ComparedSample {
  /** One for each true expression, in their order. */
  readonly expressions: readonly ComparedExpression[];
  readonly spans: MeasuredSpans;
}

/** Compares a record with its truth. */
export function compareSample(record: ResultRecord, truth: TruthLine, mode: Mode): ComparedSample {
  if (record.status === 'failed') return failedSample(truth);
  const { results } = matchExpressions(record, truth, mode);
  const matched = results.filter((result) => result !== undefined).length;
  return {
    expressions: truth.expressions.map(({ boxes }, index) => compareExpression(results[index], boxes)),
    spans: { found: record.expressions.length, truth: truth.expressions.length, matched },
  };
}

/** A sample that failed answers nothing: it is wrong about every expression, absent ones too. */
export function failedSample(truth: TruthLine): ComparedSample {
  return {
    expressions: truth.expressions.map(({ boxes }) => composeComparison('failed', [], boxes)),
    spans: { found: 0, truth: truth.expressions.length, matched: 0 },
  };
}

function compareExpression(result: ResultExpression | undefined, truth: readonly Box[]): ComparedExpression {
  if (result === undefined) return composeComparison('unmatched', [], truth);
  const instances = result.instances.length < 2 ? result.instances : result.instances.toSorted((a, b) => (b.score ?? -1) - (a.score ?? -1));
  return composeComparison(classifyOutcome(result), instances, truth);
}

/** Only an explicit "not visible" is a rejection; an unusable reply or a missing reason is not. */
function classifyOutcome({ grounding }: ResultExpression): ExpressionOutcome {
  if (grounding === 'found') return 'answered';
  return grounding === 'absent' ? 'rejected' : 'unanswered';
}

function composeComparison(
  outcome: ExpressionOutcome,
  instances: ResultExpression['instances'],
  truth: readonly Box[],
): ComparedExpression {
  const boxes = instances.map(({ box }) => box);
  return {
    outcome,
    boxes,
    scores: instances.map(({ score }) => score),
    found: boxes.length,
    truth: truth.length,
    ...(truth.length === 0 ? {} : { match: matchBoxes(boxes, truth) }),
  };
}
