import type { Usage } from '#core/ports.ts';
import { type DatedPrice, type Price, priceTable, tierFactors } from './price-table.ts';

/** The model and tier that a price applies to. */
export interface PricedModel {
  readonly model: string;
  /** The tier of the request. @default standard */
  readonly serviceTier?: string | undefined;
}

const DAY_MS = 86_400_000;

/**
 * The cost of tokens in USD at a time (milliseconds since 1970), with thinking billed as output.
 * Undefined when the price of the model or tier, or some of the tokens, are unknown.
 */
export function costUsd({ model, serviceTier = 'standard' }: PricedModel, usage: Usage, at: number): number | undefined {
  const price = findPrice(model, at);
  const factor = tierFactors[serviceTier.toLowerCase()];
  if (!price || factor === undefined || usage.unreported) return undefined;
  const { input, cachedInput, output, thinking } = usage;
  const standard = (input - cachedInput) * price.input + cachedInput * price.cachedInput + (output + thinking) * price.output;
  return (factor * standard) / 1_000_000;
}

/** The price of a model at a time. Finds models behind a gateway's path (`gcp/google/…`) and with a release suffix (`-preview`, `-001`, `-2026-08-13`). */
export function findPrice(model: string, at: number): Price | undefined {
  const id = (model.split('/').at(-1) ?? '').toLowerCase();
  let price: DatedPrice | undefined = priceTable[id] ?? priceTable[id.replace(RELEASE, '')];
  while (price?.until !== undefined && at >= Date.parse(price.until) + DAY_MS) price = price.after;
  return price;
}

const RELEASE = /(?:-preview|-latest)?(?:-\d{3}|-\d{2}-\d{2,4}|-\d{4}-\d{2}-\d{2}|-\d{8})?$/;
