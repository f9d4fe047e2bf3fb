import { openWeights } from '#models/builtin/open-weights.ts';

/** The detector's folder on this machine, fetched if need be; or why there is none, for the names of skipped tests. */
export const realWeights: { readonly folder: string } | { readonly missing: string } = await openWeights({ notice: () => {} }).then(
  (folder) => ({ folder }),
  (error: Error) => ({ missing: `skipped: ${error.message}` }),
);

/** What a suite that needs the detector is called. */
export const withWeights = (name: string) => ('folder' in realWeights ? name : `${name} (${realWeights.missing})`);
