import type { Settings } from '#core/settings.ts';
import { findLineFailure, type LineResult, type OutputLines } from './line-result.ts';
import { countLine, createRunTally, type RunTally } from './run-tally.ts';
import { createTaoLines, type TaoCounters } from './tao/tao-lines.ts';

/** The state that an interrupted collector needs to resume. */
export interface CollectorState {
  readonly tally: RunTally;
  readonly tao: TaoCounters;
}

/** Turns line results, in input order, into the lines of the result files, and counts them. Keeps no line in memory. */
export interface ResultCollector {
  add(line: LineResult): OutputLines;
  /** Plain JSON; `createResultCollector` resumes from it. */
  readonly state: CollectorState;
}

/** One collector for local runs and AWS, so that both write the same bytes. */
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
