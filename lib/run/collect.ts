import type { Settings } from '#core/settings.ts';
import { failureOf, type OutputLines, type SettledLine } from './settled-line.ts';
import { count, emptyTally, type Tally } from './tally.ts';
import { createTaoLines, type TaoCounters } from './tao-lines.ts';

/** What a collector has to remember when it is cut off. */
export interface CollectorState {
  readonly tally: Tally;
  readonly tao: TaoCounters;
}

/** Turns settled lines, given in input order, into the lines of the result files, and counts them. Holds nothing of a line. */
export interface Collector {
  add(line: SettledLine): OutputLines;
  /** Plain JSON; pass it to `createCollector` to go on from here. */
  readonly state: CollectorState;
}

/** One collector for one machine and for AWS, so that both write the same bytes. */
export function createCollector(settings: Settings, state?: CollectorState): Collector {
  const tally = state?.tally ?? emptyTally();
  const tao = settings.output.compat === 'tao' ? createTaoLines(settings, state?.tao) : undefined;
  return {
    add(line) {
      count(tally, line);
      return tao ? tao.write(line) : ownLines(line);
    },
    get state() {
      return { tally, tao: tao?.counters ?? { expressions: 0, boxes: 0 } };
    },
  };
}

function ownLines(line: SettledLine): OutputLines {
  const { step_0, step_1 } = line;
  const failure = failureOf(line);
  return {
    ...(step_0 && step_0.facts.status !== 'failed' && { step_0: step_0.text }),
    ...(step_1 && step_1.facts.status !== 'failed' && { step_1: step_1.text }),
    ...(failure && { failed: failure.text }),
  };
}
