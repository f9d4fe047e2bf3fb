import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { stepNames } from '#core/step-names.ts';
import { checkpointFolders } from '#storage/disk/directory-checkpoints.ts';

const folders = ['', ...Object.values(stepNames).map(({ folder }) => folder)];

/** Takes away what killed runs left half-written. Only for who holds the folder's lock. */
export function clearLeftovers(folder: string, deadProcess: number | undefined): void {
  for (const name of folders) {
    const entries = readdirOrNone(join(folder, name)).filter((entry) => /^\.(?:draft|spill)-/.test(entry));
    for (const entry of entries) rmSync(join(folder, name, entry), { force: true });
    // The folders of checkpoints can be too large to list.
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
