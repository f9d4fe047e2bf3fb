import type { FileStore } from '#core/ports.ts';
import { FailureEnvelope } from '#core/record.ts';
import { readJsonLines } from '#results/read-json-lines.ts';
import { isObject } from './parse-line.ts';
import type { InputLine } from './read-samples.ts';
import type { SettledLine } from './settled-line.ts';

/** Lines that never got as far as the step file: a run of step 1 alone must not forget them. */
export interface CarriedFailures {
  readonly count: number;
  /** A line that is in the step file now has failed no more. */
  seen(line: InputLine): void;
  rest(): SettledLine[];
}

/** Reads the failures of step 0 and of reading from the `failed.jsonl` that is there. */
export async function readCarriedFailures(results: FileStore): Promise<CarriedFailures> {
  const carried = new Map<string, { code: string; text: string }[]>();
  for await (const entry of readJsonLines(results, 'failed.jsonl')) {
    if (!('value' in entry) || !isObject(entry.value)) continue;
    const { _groundline, image_path, caption } = entry.value;
    const envelope = FailureEnvelope.safeParse(_groundline).data;
    if (!envelope || envelope.step === 'step_1') continue;
    const key = typeof image_path === 'string' ? nameOf(image_path, caption) : `line ${envelope.line}`;
    const failure = { code: envelope.code, text: entry.text };
    const equal = carried.get(key);
    if (equal) equal.push(failure);
    else carried.set(key, [failure]);
  }
  return {
    get count() {
      return [...carried.values()].reduce((sum, { length }) => sum + length, 0);
    },
    seen(line) {
      if ('sample' in line) carried.delete(nameOf(line.sample.imagePath, line.sample.caption));
    },
    rest: () => [...carried.values()].flat().map((failure) => ({ failure })),
  };
}

const nameOf = (imagePath: string, caption: unknown) => JSON.stringify([imagePath, caption]);
