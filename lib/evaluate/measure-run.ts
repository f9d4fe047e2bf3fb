import type { Box, Size } from '#core/box.ts';
import { createLineNumbers } from '#results/failed-lines.ts';
import type { OpenResults } from '#results/read-records.ts';
import type { ResultRecord } from '#results/result-record.ts';
import { type BitSet, createBitSet } from './bit-set.ts';
import type { PrecisionTally } from './figures/average-precision.ts';
import type { EvaluationTally } from './figures/evaluation-tally.ts';
import type { Mode } from './matching/match-expressions.ts';
import { compareSample, failedSample } from './measure-sample.ts';
import { createMeasures, type SampleCounts } from './measures.ts';
import { type JoinedTruth, joinTruth } from './truth/join-truth.ts';
import type { TruthLine } from './truth/truth-line.ts';
import type { WorstSample } from './worst-samples.ts';

export interface EvaluationCounts extends SampleCounts {
  /** Lines of the truth, and how many of them have a result. */
  readonly truthLines: number;
  readonly joined: number;
  /** Results that no line of the truth goes with. */
  readonly withoutTruth: number;
  /** True boxes that reach beyond the image as the results have it. */
  readonly outside: number;
}

/** Everything that figures of one run are made of. */
export interface MeasuredRun {
  readonly mode: Mode;
  readonly tally: EvaluationTally;
  readonly precision: PrecisionTally;
  readonly counts: EvaluationCounts;
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
export async function measureRun(results: OpenResults, { truth, mode, clusterOf, only }: MeasureOptions): Promise<MeasuredRun> {
  const join = joinTruth(truth);
  const measures = createMeasures(clusterOf);
  const joined = createBitSet();
  const take = ({ imagePath, caption }: Named): JoinedTruth | undefined => {
    const found = join.take(imagePath, caption);
    if (found === undefined || (only && !only.has(found.number))) return undefined;
    joined.add(found.number);
    return found;
  };
  let resolvedMode = mode;
  let withoutTruth = 0;
  let outside = 0;
  let firstResult: Named | undefined;
  try {
    for await (const { record, line } of numbered(results)) {
      const found = take(record);
      if (record.status === 'failed') {
        // As for those of failed.jsonl: without a truth it is no result that the truth lacks, and it does not tell how the others came about.
        if (found) measures.add(failedSample(found.line), found.line, { line, failure: 'failed' });
        continue;
      }
      firstResult ??= { imagePath: record.imagePath, caption: record.caption };
      if (resolvedMode === 'auto') resolvedMode = record.extracted ? 'end-to-end' : 'grounding';
      if (found === undefined) withoutTruth++;
      else {
        measures.add(compareSample(record, found.line, resolvedMode), found.line, { line });
        outside += countOutside(found.line, record.size);
      }
    }
    for await (const failure of results.failures()) {
      const found = take(failure);
      if (found) measures.add(failedSample(found.line), found.line, { line: failure.line, failure: failure.code });
    }
    const { tally, precision, worst, counts } = measures;
    return {
      mode: resolvedMode === 'auto' ? 'grounding' : resolvedMode,
      tally,
      precision,
      counts: { ...counts, withoutTruth, outside, truthLines: join.countLines(), joined: joined.size },
      worst: worst(),
      joined,
      firstResult,
      firstTruth: join.first,
    };
  } finally {
    join.close();
  }
}

/** Annotators draw over the edge by a fraction of a pixel, and tools round. */
const OVER_THE_EDGE = 1;

function countOutside({ expressions }: TruthLine, size: Size | undefined): number {
  if (size === undefined) return 0;
  const [right, bottom] = [size.width + OVER_THE_EDGE, size.height + OVER_THE_EDGE];
  const isOutside = ([x1, y1, x2, y2]: Box) => x1 < -OVER_THE_EDGE || y1 < -OVER_THE_EDGE || x2 > right || y2 > bottom;
  return expressions.reduce((sum, { boxes }) => sum + boxes.filter(isOutside).length, 0);
}

/** Records with the numbers of their input lines. */
async function* numbered(results: OpenResults): AsyncGenerator<{ record: ResultRecord; line: number }> {
  const failed = createBitSet();
  for await (const failure of results.failures()) failed.add(failure.line);
  const numberLine = createLineNumbers(failed);
  for await (const record of results.records()) yield { record, line: numberLine(record.status === 'failed') };
}
