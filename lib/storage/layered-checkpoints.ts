import { SampleError } from '#core/errors.ts';
import type { CheckpointKey, CheckpointStore, StoredCheckpoint } from '#core/ports.ts';

export interface LayeredCheckpointsOptions {
  /** The checkpoints of the current result files. */
  readonly base: CheckpointStore;
  /** New checkpoints that would replace one of `base`. */
  readonly layer: CheckpointStore;
  /** Layers of other settings: read, never written. */
  readonly others?: readonly CheckpointStore[];
  /** A forced run repeats calls under the same fingerprint, so each of its checkpoints would replace one. */
  readonly forced?: boolean;
}

/**
 * Keeps the checkpoints of the result files until a run with other settings has complete results to replace them.
 * Reads go by fingerprint; for equal fingerprints the layer comes first.
 */
export function createLayeredCheckpoints({ base, layer, others = [], forced = false }: LayeredCheckpointsOptions): CheckpointStore {
  const wouldReplace = async ({ sampleId, step, fingerprint }: StoredCheckpoint) => {
    const stored = await base.latest(sampleId, step).catch((error: unknown) => {
      if (error instanceof SampleError) return { fingerprint: undefined }; // an unreadable checkpoint is not replaced either
      throw error;
    });
    return stored !== undefined && (forced || stored.fingerprint !== fingerprint);
  };
  const firstOf = async (key: CheckpointKey) => {
    for (const store of [layer, base, ...others]) {
      const body = await store.get(key);
      if (body !== undefined) return body;
    }
    return undefined;
  };
  let isLayerRead = false;
  return {
    get: firstOf,
    async latest(sampleId, step) {
      const own = await layer.latest(sampleId, step);
      if (own) isLayerRead = true;
      return own ?? base.latest(sampleId, step);
    },
    put: async (checkpoint) => ((await wouldReplace(checkpoint)) ? layer : base).put(checkpoint),
    locationOf: (key) => (isLayerRead ? `${layer.locationOf(key)} or ${base.locationOf(key)}` : base.locationOf(key)),
  };
}
