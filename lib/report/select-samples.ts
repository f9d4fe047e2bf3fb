import type { ReportSample } from './report-data.ts';

/** A deterministic hash of a line number, uniform in [0, 2³²): murmur3's finaliser (Appleby, public domain). */
function scatter(line: number): number {
  let hash = line | 0;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/** The lowest score of a sample's boxes; 2 without any score, to sort last. */
export function lowestScore(sample: ReportSample): number {
  let lowest = 2;
  for (const { boxes } of sample.phrases) for (const [, , , , score] of boxes) if (score !== null && score < lowest) lowest = score;
  return lowest;
}

interface Ranked {
  readonly rank: number;
  readonly sample: ReportSample;
}

/** Keeps the `size` samples of lowest rank so far. It sorts and cuts at intervals, so memory stays below twice the size. */
function createShortlist(size: number) {
  let kept: Ranked[] = [];
  const cut = () => {
    kept = kept.sort((a, b) => a.rank - b.rank || a.sample.line - b.sample.line).slice(0, size);
  };
  return {
    offer(rank: number, sample: ReportSample): void {
      kept.push({ rank, sample });
      if (kept.length >= 2 * size) cut();
    },
    list(): readonly ReportSample[] {
      cut();
      return kept.map(({ sample }) => sample);
    },
  };
}

/**
 * Chooses at most `cap` of the samples offered: failed ones first (to two fifths of the cap), then partial ones and those with the lowest scores
 * (to four fifths), then an even spread of the rest. Deterministic; memory does not grow with the number offered.
 */
export function createSelection(cap: number) {
  const failed = createShortlist(cap);
  const doubtful = createShortlist(cap);
  const sampled = createShortlist(cap);
  const wanted = new Map<number, ReportSample>();

  return {
    offer(sample: ReportSample, required = false): void {
      if (required && wanted.size < cap) wanted.set(sample.line, sample);
      if (sample.status === 'failed') failed.offer(scatter(sample.line), sample);
      else {
        doubtful.offer(sample.status === 'partial' ? -1 : lowestScore(sample), sample);
        sampled.offer(scatter(sample.line), sample);
      }
    },
    /** In input order. */
    list(): readonly ReportSample[] {
      const chosen = new Map(wanted);
      const fill = (from: readonly ReportSample[], until: number) => {
        for (const sample of from) {
          if (chosen.size >= until) return;
          chosen.set(sample.line, sample);
        }
      };
      const failures = failed.list();
      fill(failures, Math.floor(cap * 0.4));
      fill(doubtful.list(), Math.floor(cap * 0.8));
      fill(sampled.list(), cap);
      fill(failures, cap);
      return [...chosen.values()].sort((a, b) => a.line - b.line);
    },
  };
}
