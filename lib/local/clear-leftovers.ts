import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { stepNames } from '#core/step-names.ts';
import { checkpointFolders } from '#storage/disk/directory-checkpoints.ts';

const folders = ['', ...Object.values(stepNames).map(({ folder }) => folder)];

/** Deletes the unfinished files of killed runs. `deadProcess`: the previous holder of the lock. The caller holds the lock of the folder. */
export function clearLeftovers(folder: string, deadProcess: number | undefined): void {
  for (const name of folders) {
    const entries = readdirOrNone(join(folder, name)).filter((entry) => /^\.(?:draft|spill)-/.test(entry));
    for (const entry of entries) rmSync(join(folder, name, entry), { force: true });
    // Folders of checkpoints can be too large to list, so only the draft of the dead process is deleted.
    if (name === '' || deadProcess === undefined) continue;
    for (const checkpoints of checkpointFolders(join(folder, name))) rmSync(join(checkpoints, `.draft-${deadProcess}`), { force: true });
  }
}

function readdirOrNone(path: string): string[] {
  try {
    return readdirSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}
