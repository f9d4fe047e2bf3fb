import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/**
 * A run makes much garbage and holds little. V8 lets its heap grow with the machine before it looks for garbage: on a large one to
 * 128 MB for young objects, and fourfold for old ones. Young space stays as it is after start-up, old space may grow by a third.
 * The growth counts from the last collection, and the first would come only at a size fixed when V8 started: hence one now.
 */
export function keepHeapSmall(): void {
  setFlagsFromString('--semi-space-growth-factor=1');
  setFlagsFromString('--heap-growing-percent=33');
  setFlagsFromString('--expose-gc');
  const collectGarbage = runInNewContext('gc') as () => void;
  collectGarbage();
}
