import type { ReportData, ReportSample, WorstSample } from '#results/report/report-data.ts';

/** The evaluation's verdict on a sample, of its worst expression. */
export type WorstOf = (sample: ReportSample) => WorstSample | undefined;

export function isOf({ line, id, path }: WorstSample, sample: ReportSample): boolean {
  if (line !== undefined) return line === sample.line;
  return id !== undefined ? id === sample.id : path === sample.path;
}

/** Looks the verdicts up once; the data has the worst first. */
export function worstSamples({ evaluation, samples }: ReportData): WorstOf {
  const found = new Map<number, WorstSample>();
  for (const worst of evaluation?.worst ?? []) {
    const sample = samples.find((one) => isOf(worst, one));
    if (sample && !found.has(sample.line)) found.set(sample.line, worst);
  }
  return ({ line }) => found.get(line);
}
