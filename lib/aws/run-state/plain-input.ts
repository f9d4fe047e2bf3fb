import type { Cloud } from '../runtime/cloud.ts';
import type { PinnedFile } from './read-batch-samples.ts';
import type { StoredPlan } from './stored-plan.ts';

/** The input of a run as plain text, in the version that its manifest refers to. */
export function plainInput({ filesIn }: Pick<Cloud, 'filesIn'>, { input }: Pick<StoredPlan, 'input'>): PinnedFile {
  const { bucket, key, version } = input.plain;
  return { files: filesIn(bucket, version), path: key };
}
