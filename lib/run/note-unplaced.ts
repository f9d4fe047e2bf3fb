import type { InputLine } from './read-samples.ts';

/** Gathers the given expressions that are nowhere in their caption, to name the first of them. */
export interface UnplacedNote {
  add(line: InputLine): void;
  /** What to tell the user; `undefined` where every expression has its place. */
  readonly message: string | undefined;
}

const NAMED = 5;

export function noteUnplaced(): UnplacedNote {
  const named: string[] = [];
  let all = 0;
  return {
    add(line) {
      if (!('sample' in line)) return;
      for (const text of line.sample.given?.unplaced ?? []) {
        all++;
        if (named.length < NAMED) named.push(`${JSON.stringify(text)} (line ${line.number})`);
      }
    },
    get message() {
      if (all === 0) return undefined;
      const which = `${named.join(', ')}${all > NAMED ? ' …' : ''}`;
      return all === 1
        ? `1 given expression stands nowhere in its caption and was left out: ${which}`
        : `${all} given expressions stand nowhere in their captions and were left out: ${which}`;
    },
  };
}
