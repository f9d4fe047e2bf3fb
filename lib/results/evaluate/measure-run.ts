import type { OpenResults } from '#results/read-records.ts';
import { createPrecisionTally, type PrecisionTally } from './average-precision.ts';
import { type BitSet, createBitSet } from './bit-set.ts';
import { type JoinedTruth, joinTruth } from './join-truth.ts';
import type { Mode } from './match-expressions.ts';
import { type ComparedExpression, type ComparedSample, compareSample, failedSample } from './measure-sample.ts';
import { createTally, type Fate, type Tally } from './tally.ts';
import { createWorstSamples, type WorstSample } from './worst-samples.ts';

export interface RunCounts {
  /** Lines of the truth, and how many of them have a result. */
  readonly truthLines: number;
  readonly joined: number;
  /** Results that no line of the truth goes with. */
  readonly withoutTruth: number;
  /** Joined samples that failed. */
  readonly failed: number;
  /** True expressions that the joined results do not have, and theirs that the truth does not have. */
  readonly missed: number;
  readonly surplus: number;
  readonly unscored: number;
}

/** Everything that figures of one run are made of. */
export interface MeasuredRun {
  readonly mode: Mode;
  readonly tally: Tally;
  readonly precision: PrecisionTally;
  readonly counts: RunCounts;
  readonly worst: readonly WorstSample[];
  /** Numbers of the truth lines that were joined. */
  readonly joined: BitSet;
  /** The first result and the first line of the truth, for a message where nothing joins. */
  readonly firstResult: Named | undefined;
  readonly firstTruth: Named | undefined;
}

interface Named {
  readonly imagePath: string;
  readonly caption: string;
}

export interface MeasureOptions {
  readonly truth: string;
  readonly mode: Mode | 'auto';
  readonly clusterOf: (imagePath: string) => number;
  /** Measure only these truth lines. */
  readonly only?: BitSet;
}

/** Streams the results once, side by side with the truth. Memory does not grow with the results but for a few bytes a box. */
export async function measureRun(results: OpenResults, { truth: path, mode, clusterOf, only }: MeasureOptions): Promise<MeasuredRun> {
  const failedLines = createBitSet();
  for await (const { line } of results.failures()) failedLines.add(line);
  const join = joinTruth(path);
  const tally = createTally();
  const precision = createPrecisionTally();
  const worst = createWorstSamples();
  const joined = createBitSet();
  const counts = { withoutTruth: 0, failed: 0, missed: 0, surplus: 0, unscored: 0 };
  let settled = mode;
  let firstResult: Named | undefined;
  const take = ({ imagePath, caption }: Named): JoinedTruth | undefined => {
    const found = join.take(imagePath, caption);
    if (found === undefined || (only && !only.has(found.number))) return undefined;
    joined.add(found.number);
    return found;
  };
  const add = (sample: ComparedSample, { line: truth }: JoinedTruth, line: number, why?: string) => {
    const cluster = clusterOf(truth.image_path);
    tally.add(cluster, sample.expressions, sample.spans);
    for (const [index, { fate, boxes, scores }] of sample.expressions.entries()) {
      if (fate === 'unmatched') counts.missed++;
      if (fate === 'failed' || !scores.every((score) => score !== null)) counts.unscored += scores.length;
      precision.add(cluster, { boxes, scores: scores.map((score) => score ?? 0) }, truth.expressions[index]?.boxes ?? []);
    }
    counts.surplus += sample.spans.found - sample.spans.matched;
    offerWorst(worst, sample.expressions, truth, line, why);
  };

  try {
    let line = 0;
    for await (const record of results.records()) {
      do line++;
      while (failedLines.has(line));
      firstResult ??= { imagePath: record.imagePath, caption: record.caption };
      if (settled === 'auto') settled = record.extracted ? 'end-to-end' : 'grounding';
      const found = take(record);
      if (found === undefined) {
        counts.withoutTruth++;
        continue;
      }
      if (record.status === 'failed') counts.failed++;
      add(compareSample(record, found.line, settled), found, line, record.status === 'failed' ? 'the sample failed' : undefined);
    }
    for await (const failure of results.failures()) {
      const found = take(failure);
      if (found === undefined) continue;
      counts.failed++;
      add(failedSample(found.line), found, failure.line, `the sample failed: ${failure.code}`);
    }
    const truthLines = join.countLines();
    return {
      mode: settled === 'auto' ? 'grounding' : settled,
      tally,
      precision,
      counts: { ...counts, truthLines, joined: joined.size },
      worst: worst.list(),
      joined,
      firstResult,
      firstTruth: join.first,
    };
  } finally {
    join.close();
  }
}

function offerWorst(
  worst: ReturnType<typeof createWorstSamples>,
  expressions: readonly ComparedExpression[],
  truth: JoinedTruth['line'],
  line: number,
  why?: string,
): void {
  let lowest: { iou: number; index: number; fate: Fate } | undefined;
  for (const [index, { match, fate }] of expressions.entries()) {
    const iou = match?.setIou ?? (fate === 'rejected' || fate === 'unmatched' ? 1 : 0);
    if (lowest === undefined || iou < lowest.iou) lowest = { iou, index, fate };
  }
  if (lowest === undefined || lowest.iou === 1) return;
  const { iou, index, fate } = lowest;
  worst.offer({ iou, fate, line }, () => {
    const { text = '', boxes = [] } = truth.expressions[index] ?? {};
    const found = expressions[index]?.found ?? 0;
    return {
      line,
      path: truth.image_path,
      caption: truth.caption,
      expression: text,
      iou,
      fate,
      truth: boxes,
      note: why ?? noteOf(fate, found, boxes.length),
    };
  });
}

function noteOf(fate: Fate, found: number, truth: number): string {
  if (fate === 'rejected') return 'taken for absent';
  if (fate === 'unanswered') return 'no usable answer';
  if (fate === 'unmatched') return 'no such phrase in the results';
  if (truth === 0) return `really absent, ${found} found`;
  return `${found} found, ${truth} true`;
}
