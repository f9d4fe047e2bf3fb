import { closest, distance } from 'fastest-levenshtein';
import { UsageError } from '#core/errors.ts';
import type { FigureValue } from './figure-values.ts';
import { type FigureId, rankedFigures, ratioFigures } from './figures.ts';

/** The least value of a figure, or the greatest loss against the other run. */
export interface Threshold {
  readonly id: FigureId;
  readonly limit: number;
}

const ids: readonly FigureId[] = [...ratioFigures.map(({ id }) => id), ...rankedFigures.map(({ id }) => id), 'coverage'];
/** Figures where lower is better: `--min` means "at most". */
const lowerIsBetter: ReadonlySet<FigureId> = new Set(['no_answer']);

/** Reads `acc50=0.8`. Throws `UsageError`. */
export function parseThreshold(text: string, option: string): Threshold {
  const [name = '', value = ''] = text.split('=', 2).map((part) => part.trim());
  const id = ids.find((one) => one === name);
  if (id === undefined) {
    const near = name === '' ? undefined : closest(name, [...ids]);
    const hint = near !== undefined && distance(name, near) <= 3 ? `did you mean ${near}? ` : '';
    throw new UsageError(`${option} ${text}: unknown figure "${name}"; ${hint}figures: ${ids.join(', ')}`);
  }
  const limit = Number(value);
  if (value === '' || !(limit >= 0 && limit <= 1)) throw new UsageError(`${option} ${text}: expected a number from 0 to 1 after "="`);
  return { id, limit };
}

/** The missed thresholds in words; empty if all are met. A figure without a value misses its threshold. */
export function unmetThresholds(figures: readonly FigureValue[], min: readonly Threshold[], maxDrop: readonly Threshold[]): string[] {
  const find = (id: FigureId) => figures.find((figure) => figure.id === id);
  return [
    ...min.flatMap(({ id, limit }) => {
      const value = find(id)?.value;
      if (value === undefined) return [`${id} could not be computed, wanted ${limit}`];
      if (lowerIsBetter.has(id)) return value <= limit ? [] : [`${id} is ${value.toFixed(4)}, wanted at most ${limit}`];
      return value >= limit ? [] : [`${id} is ${value.toFixed(4)}, wanted at least ${limit}`];
    }),
    ...maxDrop.flatMap(({ id, limit }) => {
      const change = find(id)?.difference?.value;
      if (change === undefined) return [`${id} could not be compared with the other run`];
      const drop = lowerIsBetter.has(id) ? change : -change;
      return drop <= limit
        ? []
        : [`${id} is ${drop.toFixed(4)} ${lowerIsBetter.has(id) ? 'above' : 'below'} the other run, allowed ${limit}`];
    }),
  ];
}
