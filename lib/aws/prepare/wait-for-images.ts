import { UsageError } from '#core/errors.ts';
import { runFiles } from '../run-state/run-paths.ts';
import { writeWaiting } from './early-end.ts';
import type { ImagesFound } from './find-images.ts';
import type { Preparation } from './preparation.ts';
import type { PrepareOutcome } from './prepare-outcome.ts';
import { readPrepareState, writePrepareState } from './prepare-state.ts';

const LOOK_EVERY_S = 60;

/**
 * Whether an upload has to be waited for: one missing image says that it is not whole. All found after a look that missed some, one more look
 * has to find them all, since a look is at 200 only. Once the time for settling is over, and for who starts by hand, missing images are those
 * that are not there, and `tolerated` is the share of them that may be. Throws `UsageError` beyond it.
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
    ? `${message}; looking again, for up to ${minutes} minutes`
    : 'images are there that were missing; looking once more';
  await writeWaiting(preparation, reason);
  return { status: 'incomplete', waitSeconds: LOOK_EVERY_S, waited: event.waited + LOOK_EVERY_S, reason };
}
