import type { CheckpointStore, Clock } from '#core/ports.ts';

/**
 * Checkpoints of a run with `workflow.force_reprocess`: those of earlier runs are ignored, those of this run are used. A batch that takes
 * several calls repeats none of its model calls, and neither does a run that continues a forced run: it has the id of that run.
 * DynamoDB holds each checkpoint twice: under the sample id for later runs, and under the sample id with `runId`.
 */
export function forcedCheckpoints(checkpoints: CheckpointStore, runId: string): CheckpointStore {
  const withRunId = (sampleId: string) => `${sampleId}@${runId}`;
  return {
    get: (key) => checkpoints.get({ ...key, sampleId: withRunId(key.sampleId) }),
    async latest(sampleId, step) {
      const found = await checkpoints.latest(withRunId(sampleId), step);
      return found && { ...found, sampleId };
    },
    async put(checkpoint) {
      await checkpoints.put({ ...checkpoint, sampleId: withRunId(checkpoint.sampleId) });
      await checkpoints.put(checkpoint);
    },
    locationOf: (key) => checkpoints.locationOf({ ...key, sampleId: withRunId(key.sampleId) }),
  };
}

const WAITS_MS = [1_000, 2_000, 4_000, 8_000, 15_000];

/** Checkpoints for a line with an equal line in another batch, which may be in progress: `latest` waits up to 30 seconds for its checkpoint. */
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
