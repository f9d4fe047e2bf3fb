import type { Outcome } from '../report-data.ts';

/** Colour-blind-safe hues (Okabe and Ito, 2008) that a stylesheet turns into `--hue`; numbers tell phrases apart beyond them. */
const hues = 7;

export function selectHue(phrase: number): number {
  return phrase % hues;
}

export function formatNumber(amount: number): string {
  return amount.toLocaleString('en');
}

export function formatQuantity(amount: number, one: string, many = `${one}s`): string {
  return `${formatNumber(amount)} ${amount === 1 ? one : many}`;
}

/** Two decimals without the leading zero: `.91`, `1.0`. */
export function formatScore(score: number): string {
  return score >= 0.995 ? '1.0' : score.toFixed(2).replace(/^0/, '');
}

export function formatPercent(part: number, whole: number): string {
  if (whole === 0) return '–';
  const share = (100 * part) / whole;
  return `${share > 0 && share < 10 ? share.toFixed(1) : Math.round(share)}%`;
}

export function formatCost(amount: number): string {
  return amount === 0 || amount >= 1 ? `$${amount.toFixed(2)}` : `$${amount.toPrecision(2)}`;
}

/** Why a phrase has no box, for people. */
export const outcomeLabels: Readonly<Record<Outcome, { readonly name: string; readonly why: string }>> = {
  found: { name: 'found', why: '' },
  absent: { name: 'absent', why: 'the model says it is not visible' },
  dropped: { name: 'dropped', why: 'every box was unusable' },
  unanswered: { name: 'unanswered', why: 'no answer of the model' },
  not_grounded: { name: 'not grounded', why: 'grounding has not run' },
};
