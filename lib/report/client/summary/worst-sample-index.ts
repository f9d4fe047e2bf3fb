import type { ReportedWorstSample } from '#results/evaluation-summary.ts';
import type { ReportData, ReportSample } from '../../report-data.ts';

/** The evaluation of a sample's worst expression. */
export type WorstSampleLookup = (sample: ReportSample) => ReportedWorstSample | undefined;

export function isSameSample({ line, id, path }: ReportedWorstSample, sample: ReportSample): boolean {
  if (line !== undefined) return line === sample.line;
  return id !== undefined ? id === sample.id : path === sample.path;
}

/** Indexes the evaluation once; its data begins with the worst. */
export function indexWorstSamples({ evaluation, samples }: ReportData): WorstSampleLookup {
  const found = new Map<number, ReportedWorstSample>();
  for (const worst of evaluation?.worst ?? []) {
    const sample = samples.find((one) => isSameSample(worst, one));
    if (sample && !found.has(sample.line)) found.set(sample.line, worst);
  }
  return ({ line }) => found.get(line);
}
