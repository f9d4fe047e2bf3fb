import type { CheckpointStore, Clock } from '#core/ports.ts';

/**
 * `workflow.force_reprocess` on AWS: what earlier runs paid for is not looked at, but what this run has paid for is, so that a batch
 * that takes several calls asks nothing twice, and neither does a run that goes on with this one: it has the id of the first of them.
 * DynamoDB keeps both: the answer under its own name for later runs, and under the run's.
 */
export function forcedCheckpoints(checkpoints: CheckpointStore, runId: string): CheckpointStore {
  const own = (sampleId: string) => `${sampleId}@${runId}`;
  return {
    get: (key) => checkpoints.get({ ...key, sampleId: own(key.sampleId) }),
    async latest(sampleId, step) {
      const found = await checkpoints.latest(own(sampleId), step);
      return found && { ...found, sampleId };
    },
    async put(checkpoint) {
      await checkpoints.put({ ...checkpoint, sampleId: own(checkpoint.sampleId) });
      await checkpoints.put(checkpoint);
    },
    locationOf: (key) => checkpoints.locationOf({ ...key, sampleId: own(key.sampleId) }),
  };
}

const WAITS_MS = [1_000, 2_000, 4_000, 8_000, 15_000];

/** For a line whose equal is in another batch, perhaps under way right now: its answer is waited for a while before the question is asked again. */
export function waitForPeerCheckpoints(checkpoints: CheckpointStore, clock: Clock, signal: AbortSignal): CheckpointStore {
  return {
    ...checkpoints,
    async latest(sampleId, step) {
      for (const ms of WAITS_MS) {
        const found = await checkpoints.latest(sampleId, step);
        if (found) return found;
        await clock.sleep(ms, signal);
      }
      return checkpoints.latest(sampleId, step);
    },
  };
}
