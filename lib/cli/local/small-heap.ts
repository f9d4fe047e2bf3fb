import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/**
 * Limits V8's heap growth. A run makes much garbage and holds little, but V8 sizes its heap by the machine: on a large one it allows
 * 128 MB of young objects and a fourfold old space before it collects. Here young space keeps its initial size and old space may grow
 * by a third. The growth counts from the last collection, so one runs now: the first would otherwise wait for a size fixed at start-up.
 */
export function keepHeapSmall(): void {
  setFlagsFromString('--semi-space-growth-factor=1');
  setFlagsFromString('--heap-growing-percent=33');
  setFlagsFromString('--expose-gc');
  const collectGarbage = runInNewContext('gc') as () => void;
  collectGarbage();
}
