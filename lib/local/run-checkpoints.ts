import { createHash } from 'node:crypto';
import { basename, join } from 'node:path';
import type { CheckpointStore } from '#core/ports.ts';
import type { Settings } from '#core/settings.ts';
import { stepNames } from '#core/step-names.ts';
import { findStepModel } from '#models/step-model.ts';
import {
  checkpointFolder,
  checkpointFolders,
  createDirectoryCheckpoints,
  promoteCheckpoints,
} from '#storage/disk/directory-checkpoints.ts';
import { createLayeredCheckpoints } from '#storage/layered-checkpoints.ts';

/** The checkpoints of a run in a results folder. */
export interface RunCheckpoints extends CheckpointStore {
  /** The run's results are in place: its checkpoints replace those of the results before. */
  promote(): Promise<void>;
}

const FORCED = `${checkpointFolder}-forced-`;

/** A run with other settings than the results in place keeps its checkpoints apart, in `.ckpt-<hash of its settings>`, until its own results are in place. */
export function openRunCheckpoints(resultsFolder: string, settings: Settings): RunCheckpoints {
  const forced = settings.workflow.force_reprocess;
  const name = composeLayerName(settings, forced);
  const others = listLayers(resultsFolder).filter((other) => other !== name && !other.startsWith(FORCED));
  const store = createLayeredCheckpoints({
    base: createDirectoryCheckpoints(resultsFolder),
    layer: createDirectoryCheckpoints(resultsFolder, name),
    others: others.map((other) => createDirectoryCheckpoints(resultsFolder, other)),
    forced,
  });
  return { ...store, promote: () => promoteCheckpoints(resultsFolder, name) };
}

/** Names of the folders besides `.ckpt` that hold checkpoints. */
function listLayers(resultsFolder: string): string[] {
  const folders = Object.values(stepNames).flatMap((step) => checkpointFolders(join(resultsFolder, step.folder)));
  return [...new Set(folders.map((folder) => basename(folder)))].filter((name) => name !== checkpointFolder);
}

/** Tells runs apart by their models and prompts; the fingerprint of each checkpoint is exact. */
function composeLayerName({ vlm, extraction, grounding }: Settings, forced: boolean): string {
  const models = (['extraction', 'grounding'] as const).map((step) => findStepModel(vlm, step)?.model ?? 'builtin');
  const hash = createHash('sha256').update(JSON.stringify({ models, extraction, grounding })).digest('hex');
  return `${forced ? FORCED : `${checkpointFolder}-`}${hash.slice(0, 12)}`;
}
