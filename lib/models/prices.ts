import type { Usage } from '#core/ports.ts';
import { type Price, priceTable } from './price-table.ts';

/** What these tokens cost in USD, thinking billed as output; undefined when the model's price or some of the tokens are not known. */
export function costUsd(model: string, usage: Usage): number | undefined {
  const price = priceOf(model);
  if (!price || usage.unreported) return undefined;
  const { input, cachedInput, output, thinking } = usage;
  return ((input - cachedInput) * price.input + cachedInput * price.cachedInput + (output + thinking) * price.output) / 1_000_000;
}

/** Finds a model behind a gateway's path (`gcp/google/…`) and with a release suffix (`-preview`, `-001`, `-2026-08-13`). */
export function priceOf(model: string): Price | undefined {
  const id = (model.split('/').at(-1) ?? '').toLowerCase();
  return priceTable[id] ?? priceTable[id.replace(RELEASE, '')];
}

const RELEASE = /(?:-preview|-latest)?(?:-\d{3}|-\d{2}-\d{2,4}|-\d{4}-\d{2}-\d{2}|-\d{8})?$/;
