import { setFlagsFromString } from 'node:v8';

/**
 * V8 lets the space for young objects grow with the machine, to 128 MB on a large one, and fills it before it looks for garbage.
 * What it has after start-up is enough: a run makes much garbage, but holds little. Capacity that is there already stays.
 */
export function keepYoungSpaceSmall(): void {
  setFlagsFromString('--semi-space-growth-factor=1');
}
