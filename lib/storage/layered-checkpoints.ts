import { SampleError } from '#core/errors.ts';
import type { CheckpointKey, CheckpointStore, StoredCheckpoint } from '#core/ports.ts';

export interface LayeredCheckpointsOptions {
  /** The checkpoints that the result files were made from. */
  readonly base: CheckpointStore;
  /** New checkpoints that would replace one of `base`. */
  readonly layer: CheckpointStore;
  /** Layers of other settings: read, never written. */
  readonly others?: readonly CheckpointStore[];
  /** A forced run asks again under the same fingerprint: each of its checkpoints would replace one. */
  readonly forced?: boolean;
}

/**
 * Keeps the checkpoints of the result files until a run with other settings has results of its own to put in their place.
 * The fingerprint decides which of them answers; under equal fingerprints the layer goes first.
 */
export function createLayeredCheckpoints({ base, layer, others = [], forced = false }: LayeredCheckpointsOptions): CheckpointStore {
  const wouldReplace = async ({ sampleId, step, fingerprint }: StoredCheckpoint) => {
    const stored = await base.latest(sampleId, step).catch((error: unknown) => {
      if (error instanceof SampleError) return { fingerprint: undefined }; // one that cannot be read is not replaced either
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
