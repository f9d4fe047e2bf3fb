import type { Outcome, ReportSample, SampleStatus, Totals } from './report-data.ts';

const mostPhrases = 15;
const mostBoxes = 10;
const scoreBins = 10;

/** Counts samples one by one, in constant memory. */
export function createReportTally() {
  const samples: Record<SampleStatus, number> = { ok: 0, partial: 0, failed: 0 };
  const phrases: Record<Outcome, number> = { found: 0, absent: 0, dropped: 0, unanswered: 0, not_grounded: 0 };
  const phrasesPerSample = zeros(mostPhrases + 1);
  const boxesPerPhrase = zeros(mostBoxes + 1);
  const scores = zeros(scoreBins);
  const failures = new Map<string, number>();
  let boxes = 0;
  let unscored = 0;

  function countPhrase({ outcome, boxes: found }: ReportSample['phrases'][number]): void {
    phrases[outcome]++;
    if (outcome !== 'not_grounded') increment(boxesPerPhrase, found.length);
    boxes += found.length;
    for (const [, , , , score] of found) {
      if (score === null) unscored++;
      else increment(scores, Math.floor(Math.max(0, score) * scoreBins));
    }
  }

  return {
    add(sample: ReportSample): void {
      samples[sample.status]++;
      if (sample.failure) failures.set(sample.failure.code, (failures.get(sample.failure.code) ?? 0) + 1);
      if (sample.status === 'failed') return;
      increment(phrasesPerSample, sample.phrases.length);
      for (const phrase of sample.phrases) countPhrase(phrase);
    },
    totals(): Totals {
      const byCount = [...failures]
        .map(([code, count]) => ({ code, count }))
        .sort((a, b) => b.count - a.count || (a.code < b.code ? -1 : 1));
      return { samples, phrases, boxes, phrasesPerSample, boxesPerPhrase, scores, unscored, failures: byCount };
    },
  };
}

function zeros(length: number): number[] {
  return new Array<number>(length).fill(0);
}

/** Counts at `index`; the last bin counts everything beyond. */
function increment(bins: number[], index: number): void {
  const place = Math.min(index, bins.length - 1);
  bins[place] = (bins[place] ?? 0) + 1;
}
