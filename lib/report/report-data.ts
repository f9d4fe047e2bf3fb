import type { ReportEvaluation } from '#results/evaluation-summary.ts';
import type { RunFacts } from '#results/run-facts.ts';

/** The data of a report: the contract between `writeReport` and the page. Names are short words, not record fields. */
export interface ReportData {
  readonly title: string;
  readonly run: RunFacts;
  readonly totals: Totals;
  readonly samples: readonly ReportSample[];
  /** Warnings about the page: an unfinished run, a sampled report, unreadable lines. */
  readonly notices: readonly string[];
  readonly evaluation?: ReportEvaluation;
}

/** `not_grounded`: step 1 did not run. */
export type Outcome = 'found' | 'absent' | 'dropped' | 'unanswered' | 'not_grounded';

/** `[x1, y1, x2, y2, score]` in upright pixels; `null` where the model gave no score. */
export type ScoredBox = readonly [number, number, number, number, number | null];

export interface ReportPhrase {
  readonly text: string;
  /** Half-open, in Unicode code points of the shown caption. */
  readonly span: readonly [number, number];
  readonly outcome: Outcome;
  readonly note?: string;
  readonly boxes: readonly ScoredBox[];
}

export interface ReportFailure {
  readonly step: string;
  readonly code: string;
  readonly message: string;
  readonly attempts: number;
  readonly replyHead?: string;
}

export type SampleStatus = 'ok' | 'partial' | 'failed';

export interface ReportSample {
  /** 1-based number in the input, without blank lines. */
  readonly line: number;
  readonly id: string;
  readonly path: string;
  readonly status: SampleStatus;
  readonly caption: string;
  /** The cleaned caption, which spans refer to; absent for a failed line. */
  readonly cleaned?: string;
  readonly width?: number;
  readonly height?: number;
  readonly phrases: readonly ReportPhrase[];
  readonly failure?: ReportFailure;
  /** Number of the inlined picture, shared by samples of one image. */
  readonly picture?: number;
  readonly link?: PictureLink;
}

export interface PictureLink {
  /** Relative to the report, `file:` or `https:`. */
  readonly href: string;
  /** The expiry of a signed link, as ISO 8601. */
  readonly lapses?: string;
}

/** Counts over every line of the result files, including those outside a sampled report. */
export interface Totals {
  readonly samples: Readonly<Record<SampleStatus, number>>;
  readonly phrases: Readonly<Record<Outcome, number>>;
  readonly boxes: number;
  /** Index = expressions in a sample; the last bin counts that many or more. */
  readonly phrasesPerSample: readonly number[];
  /** Index = boxes of an expression; the last bin counts that many or more. */
  readonly boxesPerPhrase: readonly number[];
  /** Ten bins of width 0.1 over [0,1]. */
  readonly scores: readonly number[];
  readonly unscored: number;
  readonly failures: readonly { readonly code: string; readonly count: number }[];
}
