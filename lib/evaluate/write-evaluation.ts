import type { FileStore } from '#core/ports.ts';
import { evaluationFile } from '#results/evaluation-file.ts';
import type { Evaluation } from './evaluate-results.ts';
import type { FigureValue } from './figures/figure-values.ts';

export interface EvaluatedFiles {
  readonly results: string;
  readonly truth: string;
  readonly against?: string;
}

/** `evaluation.json`: the part that the report shows (`truth`, `figures`, `worst`), and all other measurements. */
export function evaluationDocument({ mode, counts, figures, worst, common }: Evaluation, { results, truth, against }: EvaluatedFiles) {
  return {
    truth,
    results,
    ...(against === undefined ? {} : { against, common_lines: common }),
    mode,
    counts: {
      truth_lines: counts.truthLines,
      joined: counts.joined,
      failed: counts.failed,
      results_without_truth: counts.withoutTruth,
      true_boxes_outside: counts.outside,
      expressions_missed: counts.missed,
      expressions_surplus: counts.surplus,
    },
    figures: figures.map((figure) => ({
      id: figure.id,
      name: figure.name,
      value: figure.value ?? 'none',
      ...(figure.low === undefined ? {} : { low: figure.low, high: figure.high }),
      of: figure.of,
      no_answer: figure.noAnswer,
      ...(figure.difference === undefined ? {} : { difference: figure.difference }),
      note: composeNote(figure, against),
    })),
    worst: worst.map(({ line, path, caption, expression, iou, truth: boxes, note }) => ({
      line,
      path,
      caption,
      expression,
      iou,
      truth: boxes,
      note,
    })),
  };
}
export type EvaluationDocument = ReturnType<typeof evaluationDocument>;

/** Writes the evaluation into the results folder, where the report reads it. */
export async function writeEvaluation(results: FileStore, document: EvaluationDocument): Promise<void> {
  const file = await results.create(evaluationFile);
  try {
    await file.write(`${JSON.stringify(document, null, 1)}\n`);
    await file.close();
  } catch (error) {
    await file.abort();
    throw error;
  }
}

/** The remarks on a figure: its difference, its denominator, its share without an answer. */
function composeNote({ id, difference, noAnswer, note, of }: FigureValue, against?: string): string {
  const unit = id === 'coverage' ? lines : selectUnit(id);
  return [
    ...(note === undefined ? [] : [note]),
    ...(difference === undefined ? [] : [`${differenceText(difference)} against ${against ?? 'the other run'}`]),
    `${of.toLocaleString('en')} ${of === 1 ? unit.one : unit.many}`,
    ...(id === 'no_answer' ? [] : [`${formatShare(noAnswer)} ${id === 'coverage' ? 'failed' : 'without an answer'}`]),
  ].join(' · ');
}

const lines = { one: 'line', many: 'lines' };

function selectUnit(id: string): { one: string; many: string } {
  if (id.startsWith('span_')) return { one: 'phrase', many: 'phrases' };
  return id.startsWith('box_') || id.startsWith('ap') ? { one: 'box', many: 'boxes' } : { one: 'expression', many: 'expressions' };
}

/** `+0.012 (0.003 to 0.021)`. */
export function differenceText({ value, low, high }: NonNullable<FigureValue['difference']>): string {
  const bounds = low === undefined || high === undefined ? '' : ` (${signed(low)} to ${signed(high)})`;
  return `${signed(value)}${bounds}`;
}

const signed = (value: number) => `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(3)}`;

/** A share in percent, with enough digits to differ from 0. */
export function formatShare(share: number): string {
  if (share === 0) return '0 %';
  return share < 0.001 ? '< 0.1 %' : `${(share * 100).toFixed(1)} %`;
}
