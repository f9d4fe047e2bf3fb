/** USD per million tokens, standard tier. */
export interface Price {
  readonly input: number;
  readonly cachedInput: number;
  readonly output: number;
}

/** A price, and its successor from the day after `until` (UTC) where the vendor has announced one. */
export interface DatedPrice extends Price {
  readonly until?: string;
  readonly after?: DatedPrice;
}

/** The date of the vendors' price pages. */
export const pricesReadOn = '2026-10-05';

/** Prices of service tiers as a factor of the standard price. Other tiers (priority, scale, …) have an unknown price. */
export const tierFactors: Readonly<Record<string, number>> = { auto: 1, default: 1, standard: 1, unspecified: 1, flex: 0.5 };

const introductoryFlash: DatedPrice = {
  ...{ input: 0.75, cachedInput: 0.075, output: 3.75 },
  until: '2026-12-31',
  after: { input: 1.5, cachedInput: 0.15, output: 7.5 },
};

/** Prices by model id. Sources: ai.google.dev/gemini-api/docs/pricing, openai.com/api/pricing, claude.com/pricing. */
export const priceTable: Readonly<Record<string, DatedPrice>> = {
  'gemini-3.8-flash': introductoryFlash,
  'gemini-3.7-flash': introductoryFlash,
  'gemini-3.6-flash': introductoryFlash,
  'gemini-3.5-flash': { input: 1.5, cachedInput: 0.15, output: 9 },
  'gemini-3.5-flash-lite': { input: 0.3, cachedInput: 0.03, output: 2.5 },
  'gemini-3.1-flash-lite': { input: 0.25, cachedInput: 0.025, output: 1.5 },
  'gemini-3.1-pro': { input: 2, cachedInput: 0.2, output: 12 },
  'gemini-2.5-flash': { input: 0.3, cachedInput: 0.03, output: 2.5 },
  'gemini-2.5-pro': { input: 1.25, cachedInput: 0.125, output: 10 },
  'gpt-6-astra': { input: 10, cachedInput: 1, output: 50 },
  'gpt-6.1-sol': { input: 2, cachedInput: 0.1, output: 10 },
  'gpt-6-sol': { input: 2, cachedInput: 0.2, output: 10 },
  'gpt-6-luna': { input: 0.1, cachedInput: 0.01, output: 0.5 },
  'gpt-5.6-sol': { input: 4, cachedInput: 0.4, output: 20 },
  'gpt-5.6-terra': { input: 2, cachedInput: 0.2, output: 12 },
  'gpt-5.6-luna': { input: 0.2, cachedInput: 0.02, output: 1.2 },
  'gpt-5.4-mini': { input: 0.75, cachedInput: 0.075, output: 4.5 },
  'gpt-4.1': { input: 2, cachedInput: 0.5, output: 8 },
  'gpt-4.1-mini': { input: 0.4, cachedInput: 0.1, output: 1.6 },
  'claude-opus-5-5': { input: 4, cachedInput: 0.4, output: 20 },
  'claude-sonnet-5-5': { input: 2, cachedInput: 0.2, output: 10 },
  'claude-haiku-4-5': { input: 1, cachedInput: 0.1, output: 5 },
};
