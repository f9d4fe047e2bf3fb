import { existsSync } from 'node:fs';

/** Whether material outside the repository (`../shared/…`) is missing. The tests of the repository itself need none of it. */
export const isMissing = (path: string) => !existsSync(path);

/** The title of a test or suite that reads such material; with the reason when it is skipped. */
export const needing = (path: string, title: string) => (isMissing(path) ? `${title} (skipped: ${path} is missing)` : title);
