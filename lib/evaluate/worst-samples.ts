import type { Box } from '#core/box.ts';
import type { ExpressionOutcome } from './figures/evaluation-tally.ts';

/** The worst expression of a sample. */
export interface WorstSample {
  /** 1-based, in the run's input. */
  readonly line: number;
  readonly path: string;
  readonly caption: string;
  readonly expression: string;
  readonly iou: number;
  readonly truth: readonly Box[];
  readonly note: string;
  readonly outcome: ExpressionOutcome;
}

/** The length of a report's list. */
const KEPT = 50;
/** At equal IoU, wrong answers come before missing ones. */
const rank: Record<ExpressionOutcome, number> = { answered: 0, rejected: 1, unanswered: 2, failed: 3, unmatched: 4 };

/** Keeps the worst of many samples, worst first. */
export function createWorstSamples() {
  const kept: WorstSample[] = [];
  const worse = (a: Pick<WorstSample, 'iou' | 'outcome' | 'line'>, b: Pick<WorstSample, 'iou' | 'outcome' | 'line'>) =>
    a.iou - b.iou || rank[a.outcome] - rank[b.outcome] || a.line - b.line;
  return {
    /** `describe` is called only for a sample that is kept. */
    offer(sample: Pick<WorstSample, 'iou' | 'outcome' | 'line'>, describe: () => WorstSample): void {
      const last = kept.at(-1);
      if (kept.length === KEPT && last && worse(sample, last) >= 0) return;
      const at = kept.findIndex((one) => worse(sample, one) < 0);
      kept.splice(at < 0 ? kept.length : at, 0, describe());
      if (kept.length > KEPT) kept.pop();
    },
    list: (): readonly WorstSample[] => kept,
  };
}
