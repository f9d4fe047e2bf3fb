import { describe, expect, it } from 'vitest';
import type { ReportSample } from '#report/report-data.ts';
import { createSelection } from '#report/select-samples.ts';

function sample(line: number, { status = 'ok', score = 0.9 }: { status?: ReportSample['status']; score?: number } = {}): ReportSample {
  const phrases = [{ text: 'a', span: [0, 1], outcome: 'found', boxes: [[0, 0, 1, 1, score]] }] as const;
  return { line, id: String(line), path: 'a.jpg', status, caption: 'a', phrases: status === 'failed' ? [] : phrases };
}

function choose(cap: number, samples: readonly ReportSample[], required: readonly number[] = []): readonly ReportSample[] {
  const selection = createSelection(cap);
  for (const one of samples) selection.offer(one, required.includes(one.line));
  return selection.list();
}

const lines = (count: number) => Array.from({ length: count }, (_, index) => index + 1);

describe('the samples a report shows', () => {
  it('are all of them in input order where they fit', () => {
    const offered = [sample(3, { status: 'failed' }), sample(1), sample(2, { status: 'partial' })];

    expect(choose(10, offered).map(({ line }) => line)).toEqual([1, 2, 3]);
  });

  it('are never more than asked for, and never one twice', () => {
    const shown = choose(
      50,
      lines(10_000).map((line) => sample(line)),
    );

    expect(new Set(shown.map(({ line }) => line)).size).toBe(50);
    expect(shown).toHaveLength(50);
  });

  it('hold every failed one while these fit into two fifths', () => {
    const shown = choose(
      100,
      lines(10_000).map((line) => sample(line, line % 500 === 0 ? { status: 'failed' } : {})),
    );

    expect(shown.filter(({ status }) => status === 'failed')).toHaveLength(20);
  });

  it('hold the partial and the lowest-scored ones', () => {
    const odd = (line: number) => (line === 4_321 ? { score: 0.01 } : line === 8_765 ? { status: 'partial' as const } : {});
    const shown = choose(
      100,
      lines(10_000).map((line) => sample(line, odd(line))),
    ).map(({ line }) => line);

    expect(shown).toContain(4_321);
    expect(shown).toContain(8_765);
  });

  it('are filled up with failed ones where nearly all failed', () => {
    const shown = choose(
      100,
      lines(1_000).map((line) => sample(line, line <= 5 ? {} : { status: 'failed' })),
    );

    expect(shown).toHaveLength(100);
    expect(shown.filter(({ status }) => status === 'ok')).toHaveLength(5);
  });

  it('spread over the entire input after the failed and doubtful ones', () => {
    const shown = choose(
      1_000,
      lines(100_000).map((line) => sample(line)),
    ).map(({ line }) => line);

    expect(shown.filter((line) => line > 80_000).length).toBeGreaterThan(20);
  });

  it('hold the ones that an evaluation names', () => {
    expect(
      choose(
        10,
        lines(1_000).map((line) => sample(line)),
        [777],
      ).map(({ line }) => line),
    ).toContain(777);
  });

  it('are the same on every run', () => {
    const offered = lines(5_000).map((line) => sample(line, { score: (line % 97) / 97 }));

    expect(choose(60, offered)).toEqual(choose(60, offered));
  });
});
