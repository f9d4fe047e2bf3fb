import { z } from 'zod';
import type { FileStore } from '#core/ports.ts';
import type { ReportEvaluation } from './evaluation-summary.ts';

/** The file in the results folder through which `evaluate` passes its results to the report. */
export const evaluationFile = 'evaluation.json';

/** The part of `evaluation.json` that a report shows: a table of figures, and samples from the worst on. Other fields are ignored. */
export const EvaluationSummary = z.looseObject({
  /** The name of the truth. */
  truth: z.string().optional(),
  /** Rows of the table; `low` and `high` bound the 95 % interval. */
  figures: z.array(
    z.looseObject({
      name: z.string(),
      value: z.union([z.number(), z.string()]),
      low: z.number().optional(),
      high: z.number().optional(),
      note: z.string().optional(),
    }),
  ),
  /** A sample is identified by `line`, else by `id` (`image_id`) or `path` (`image_path`); `iou` in [0,1]; `truth` boxes in upright pixels. */
  worst: z
    .array(
      z.looseObject({
        line: z.int().positive().optional(),
        id: z.union([z.string(), z.number().transform(String)]).optional(),
        path: z.string().optional(),
        expression: z.string().optional(),
        iou: z.number().min(0).max(1),
        truth: z.array(z.tuple([z.number(), z.number(), z.number(), z.number()])).optional(),
        note: z.string().optional(),
      }),
    )
    .default([]),
});

const shownWorst = 50;

/** The evaluation of the results, if there is one; `problem` is the reason if it cannot be shown. */
export async function readEvaluation(results: FileStore): Promise<{ evaluation?: ReportEvaluation; problem?: string }> {
  if ((await results.size(evaluationFile)) === undefined) return {};
  const chunks: Uint8Array[] = [];
  for await (const chunk of results.read(evaluationFile)) chunks.push(chunk);
  try {
    const { truth, figures, worst } = EvaluationSummary.parse(JSON.parse(Buffer.concat(chunks).toString('utf8')));
    const shown = worst.toSorted((a, b) => a.iou - b.iou).slice(0, shownWorst);
    return {
      evaluation: {
        ...(truth === undefined ? {} : { truth }),
        figures: figures as ReportEvaluation['figures'],
        worst: shown as ReportEvaluation['worst'],
      },
    };
  } catch {
    return { problem: `${evaluationFile} could not be read as an evaluation and is not shown; run "groundline evaluate" again` };
  }
}
