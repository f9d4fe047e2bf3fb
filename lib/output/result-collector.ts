import type { Settings } from '#core/settings.ts';
import { findLineFailure, type LineResult, type OutputLines } from './line-result.ts';
import { countLine, createRunTally, type RunTally } from './run-tally.ts';
import { createTaoLines, type TaoCounters } from './tao/tao-lines.ts';

/** What a collector has to remember when it is cut off. */
export interface CollectorState {
  readonly tally: RunTally;
  readonly tao: TaoCounters;
}

/** Turns settled lines, given in input order, into the lines of the result files, and counts them. Holds nothing of a line. */
export interface ResultCollector {
  add(line: LineResult): OutputLines;
  /** Plain JSON; pass it to `createResultCollector` to go on from here. */
  readonly state: CollectorState;
}

/** One collector for one machine and for AWS, so that both write the same bytes. */
export function createResultCollector(settings: Settings, state?: CollectorState): ResultCollector {
  const tally = state?.tally ?? createRunTally();
  const tao = settings.output.compat === 'tao' ? createTaoLines(settings, state?.tao) : undefined;
  return {
    add(line) {
      countLine(tally, line);
      return tao ? tao.write(line) : ownLines(line);
    },
    get state() {
      return { tally, tao: tao?.counters ?? { expressions: 0, boxes: 0 } };
    },
  };
}

function ownLines(line: LineResult): OutputLines {
  const { step_0, step_1 } = line;
  const failure = findLineFailure(line);
  return {
    ...(step_0 && step_0.facts.status !== 'failed' && { step_0: step_0.text }),
    ...(step_1 && step_1.facts.status !== 'failed' && { step_1: step_1.text }),
    ...(failure && { failed: failure.text }),
  };
}
