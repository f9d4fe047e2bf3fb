import type { FileStore } from '#core/ports.ts';
import { isSecret } from '#core/secrets/redact-secrets.ts';
import { readJsonLines } from '#results/read-json-lines.ts';
import type { ReadRunFile } from '#results/read-run-file.ts';
import { resultRecord } from '#results/result-record.ts';
import { formatCounted, formatDollars, formatDuration, quoteShellArgument } from '../format.ts';

/** Default number of samples in a pilot. */
export const pilotSamples = 10;

export interface PilotFindings {
  readonly samples: number;
  readonly phrasesPerImage: number;
  /** Share of samples without a single box. */
  readonly emptyRate: number;
}

/** Counts phrases and empty samples in the results of a pilot. */
export async function readPilot(results: FileStore): Promise<PilotFindings> {
  let [samples, phrases, empty] = [0, 0, 0];
  for await (const line of readJsonLines(results, 'annotations.jsonl')) {
    const record = 'value' in line ? resultRecord(line.value, line.line) : undefined;
    if (typeof record !== 'object' || record.status === 'failed') continue;
    samples++;
    phrases += record.expressions.length;
    if (record.expressions.every(({ instances }) => instances.length === 0)) empty++;
  }
  return { samples, phrasesPerImage: samples && phrases / samples, emptyRate: samples && empty / samples };
}

export interface Projection {
  readonly lines: number;
  /** Absent when no call was made or a price is unknown. */
  readonly costUsd?: number;
  readonly seconds?: number;
}

/** Projects a pilot's cost and pace onto all lines. Samples without a model call are not counted for either. */
export function project({ counts, steps }: ReadRunFile, seconds: number, workers: number): Projection {
  const { done = 0, failed = 0, pending = 0, cached = 0 } = counts;
  const lines = done + failed + pending;
  const called = done + failed - cached;
  if (called <= 0) return { lines };
  const costs = Object.values(steps).map((step) => step.cost_usd ?? Number.NaN); // without the check of the model, which runs once
  const costUsd = (costs.reduce((sum, cost) => sum + cost, 0) / called) * lines;
  const secondsPerSample = (seconds * Math.min(workers, called)) / called;
  return {
    lines,
    seconds: (lines * secondsPerSample) / workers,
    costUsd: Number.isNaN(costUsd) ? undefined : costUsd,
  };
}

/** The report of a pilot: its figures, the projection, and `command`, which continues with all lines. */
export function describePilot(findings: PilotFindings, projection: Projection, command: string): string {
  const { samples, phrasesPerImage, emptyRate } = findings;
  return [
    `pilot of ${formatCounted(samples, 'sample')}: ${phrasesPerImage.toFixed(1)} phrases per image, ${Math.round(emptyRate * 100)} % without any box`,
    `all ${formatCounted(projection.lines, 'line')}: about ${formatDollars(projection.costUsd)}, ${projection.seconds === undefined ? 'time unknown' : `about ${formatDuration(projection.seconds)}`}`,
    `to process the remaining ${formatCounted(projection.lines - samples, 'line')} (calls of the pilot are not billed again):`,
    `  ${command}`,
  ].join('\n');
}

/** The command line with `more` options, ready to paste. Secrets are replaced by `…`. */
export function sameCommand(args: readonly string[], ...more: readonly string[]): string {
  return ['groundline', ...args.filter((argument) => !more.includes(argument)).map(hideSecret), ...more].map(quoteShellArgument).join(' ');
}

/** The command line for all lines, ready to paste: without `--pilot` and any limit or sample size. Secrets are replaced by `…`. */
export function followUpCommand(args: readonly string[]): string {
  const shown = args.filter((argument, index) => !isOfPilot(argument) && !takesNext(args[index - 1])).map(hideSecret);
  return ['groundline', ...shown.map(quoteShellArgument)].join(' ');
}

const takesNext = (argument = '') => /^--(?:limit|sample)$/.test(argument);
const isOfPilot = (argument: string) =>
  takesNext(argument) || /^--pilot$|^--(?:limit|sample)=|^\+{0,2}(?:image_grounding\.)?workflow\.(?:limit|sample)=/.test(argument);

function hideSecret(argument: string): string {
  const [path = '', ...rest] = argument.split('=');
  return rest.length > 0 && path.split('.').some(isSecret) ? `${path}=…` : argument;
}
