/** The date of the vendors' deprecation pages. */
export const aliasesReadOn = '2026-10-05';

/** Retired model ids of old spec files, with their replacements. Source: ai.google.dev/gemini-api/docs/deprecations. */
export const modelAliases: Readonly<Record<string, { readonly model: string; readonly why: string }>> = {
  'gemini-3.1-flash-lite-preview': { model: 'gemini-3.1-flash-lite', why: 'the preview became generally available' },
  'gemini-2.0-flash': { model: 'gemini-3.1-flash-lite', why: 'it was shut down on 2026-06-01' },
  'gemini-2.0-flash-001': { model: 'gemini-3.1-flash-lite', why: 'it was shut down on 2026-06-01' },
  'gemini-2.0-flash-lite': { model: 'gemini-3.1-flash-lite', why: 'it was shut down on 2026-06-01' },
  'gemini-2.0-flash-lite-001': { model: 'gemini-3.1-flash-lite', why: 'it was shut down on 2026-06-01' },
};
