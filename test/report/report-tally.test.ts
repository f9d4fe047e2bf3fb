import { describe, expect, it } from 'vitest';
import type { ReportSample } from '#report/report-data.ts';
import { createReportTally } from '#report/report-tally.ts';

function totalsOf(samples: readonly Partial<ReportSample>[]) {
  const tally = createReportTally();
  for (const sample of samples) tally.add({ line: 1, id: 'a', path: 'a.jpg', status: 'ok', caption: '', phrases: [], ...sample });
  return tally.totals();
}
const phrase = (outcome: 'found' | 'absent' | 'not_grounded', ...scores: (number | null)[]) =>
  ({ text: 'a', span: [0, 1], outcome, boxes: scores.map((score) => [0, 0, 1, 1, score] as const) }) as const;

describe('the counts of a report', () => {
  it('bin scores by tenths, 1 with the highest, and count unscored boxes apart', () => {
    const { scores, unscored, boxes } = totalsOf([{ phrases: [phrase('found', 0, 0.05, 0.55, 1, null)] }]);

    expect(scores).toEqual([2, 0, 0, 0, 0, 1, 0, 0, 0, 1]);
    expect([unscored, boxes]).toEqual([1, 5]);
  });

  it('leave failed samples out of the phrase counts, so that they never look like captions without phrases', () => {
    const { phrasesPerSample, samples } = totalsOf([{ status: 'failed' }, { phrases: [phrase('absent')] }]);

    expect(phrasesPerSample.slice(0, 2)).toEqual([0, 1]);
    expect(samples).toEqual({ ok: 1, partial: 0, failed: 1 });
  });

  it('leave phrases that were not grounded out of the box counts', () => {
    expect(totalsOf([{ phrases: [phrase('not_grounded'), phrase('absent')] }]).boxesPerPhrase[0]).toBe(1);
  });

  it('list failures by number, then by name', () => {
    const failed = (code: string) => ({ status: 'failed', failure: { step: 'run', code, message: '', attempts: 1 } }) as const;

    expect(totalsOf([failed('b'), failed('c'), failed('a'), failed('c')]).failures).toEqual([
      { code: 'c', count: 2 },
      { code: 'a', count: 1 },
      { code: 'b', count: 1 },
    ]);
  });
});
