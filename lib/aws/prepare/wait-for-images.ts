import { UsageError } from '#core/errors.ts';
import { runFiles } from '../run-state/run-paths.ts';
import { writeWaiting } from './early-end.ts';
import type { ImagesFound } from './find-images.ts';
import type { Preparation } from './preparation.ts';
import type { PrepareOutcome } from './prepare-outcome.ts';
import { readPrepareState, writePrepareState } from './prepare-state.ts';

const CHECK_EVERY_S = 60;

/**
 * Waits for an upload in progress; `undefined` once no wait is needed.
 *
 * - One missing image means that the upload is incomplete: wait and check again, for up to `imageGraceMinutes`.
 * - After a check with missing images, one more check must find all, since a check covers only 200 images.
 * - After `imageGraceMinutes`, and in a run without an upload event, up to the share `tolerated` may be missing.
 *
 * Throws `UsageError` above that share.
 */
export async function waitForImages(preparation: Preparation, found: ImagesFound, tolerated: number): Promise<PrepareOutcome | undefined> {
  const { cloud, event, start, paths } = preparation;
  const { SETTLE_MINUTES: minutes } = cloud.variables;
  const isMissing = found.missing > 0;
  const message = `${found.missing} of ${found.looked} images not found, the first: ${found.first}`;
  if (isMissing && (start.uploaded === undefined || event.waited >= minutes * 60)) {
    if (found.missing > found.looked * tolerated) throw new UsageError(message);
    return undefined;
  }
  const statePath = `${paths.prefix}/${runFiles.prepareState}`;
  const state = await readPrepareState(cloud.bucket, statePath);
  if (!isMissing && !state.imagesMissing) return undefined;
  await writePrepareState(cloud.bucket, statePath, { ...state, imagesMissing: isMissing });
  const reason = isMissing
    ? `${message}; checking again for up to ${minutes} minutes`
    : 'all missing images were found; checking once more';
  await writeWaiting(preparation, reason);
  return { status: 'incomplete', waitSeconds: CHECK_EVERY_S, waited: event.waited + CHECK_EVERY_S, reason };
}
