import type { GivenExpressions } from '#core/sample.ts';
import type { InputLine } from './read-samples.ts';

/** Collects the changes to given expressions, and names the first of each kind. */
export interface GivenNotices {
  add(line: InputLine): void;
  /** Messages for the user. */
  readonly messages: readonly string[];
}

const NAMED = 5;

export function createGivenNotices(): GivenNotices {
  const notes = [
    createNotice(
      ({ unplaced }) => unplaced,
      (all) =>
        all === 1
          ? '1 given expression is not in its caption and was left out'
          : `${all} given expressions are not in their captions and were left out`,
    ),
    createNotice(
      ({ repeatedIds = [] }) => repeatedIds,
      (all) =>
        all === 1
          ? '1 given expression has the id of another one in its line and got a new id'
          : `${all} given expressions have the id of another one in their line and got new ids`,
    ),
  ];
  return {
    add(line) {
      if ('sample' in line && line.sample.given) for (const note of notes) note.add(line.number, line.sample.given);
    },
    get messages() {
      return notes.flatMap(({ message }) => message ?? []);
    },
  };
}

function createNotice(pick: (given: GivenExpressions) => readonly string[], describeAll: (all: number) => string) {
  const named: string[] = [];
  let all = 0;
  return {
    add(line: number, given: GivenExpressions) {
      for (const text of pick(given)) {
        all++;
        if (named.length < NAMED) named.push(`${JSON.stringify(text)} (line ${line})`);
      }
    },
    get message() {
      return all === 0 ? undefined : `${describeAll(all)}: ${named.join(', ')}${all > NAMED ? ' …' : ''}`;
    },
  };
}
