import type { FileStore } from '#core/ports.ts';
import { FailureEnvelope } from '#core/record.ts';
import { stemOf } from '#core/sample-id.ts';
import { readJsonLines } from '#results/read-json-lines.ts';
import { type Fields, isObject, parseRecord } from './parse-line.ts';
import type { InputLine } from './read-samples.ts';
import type { SettledLine } from './settled-line.ts';

/** Lines that failed before step 1: a run of step 1 alone must not forget them. */
export interface CarriedFailures {
  readonly count: number;
  /**
   * A line that is in the step file now is not carried besides. TAO's shape has a line for failed ones too:
   * what that one failed of is returned, since the step file does not say it.
   */
  seen(line: InputLine): SettledLine | undefined;
  rest(): SettledLine[];
}

interface Carried {
  readonly imagePath: string;
  readonly failure: { readonly code: string; readonly text: string };
}

/** Reads the failures of step 0 and of reading from the `failed.jsonl` that is there. Lines that failed in step 1 are in the step file, and read again. */
export async function readCarriedFailures(results: FileStore): Promise<CarriedFailures> {
  const carried = new Map<string, Carried[]>();
  for await (const entry of readJsonLines(results, 'failed.jsonl')) {
    if (!('value' in entry) || !isObject(entry.value)) continue;
    const { _groundline, ...fields } = parseRecord(entry.text);
    const envelope = FailureEnvelope.safeParse(_groundline).data;
    if (!envelope || envelope.step === 'step_1') continue;
    const key = keyOf(fields);
    const failed = { imagePath: imagePathOf(fields), failure: { code: envelope.code, text: entry.text } };
    const equal = carried.get(key);
    if (equal) equal.push(failed);
    else carried.set(key, [failed]);
  }
  return {
    get count() {
      return [...carried.values()].reduce((sum, { length }) => sum + length, 0);
    },
    seen(line) {
      const fields = 'sample' in line ? line.sample.fields : line.rejected.fields;
      const equal = carried.get(keyOf(fields)) ?? [];
      const place = equal.findIndex(({ imagePath }) => isSameImage(fields, imagePath));
      if (place < 0) return undefined;
      const [failed] = equal.splice(place, 1);
      return failed && 'rejected' in line && fields.status === 'failed' ? { failure: failed.failure } : undefined;
    },
    rest: () => [...carried.values()].flat().map(({ failure }) => ({ failure })),
  };
}

/** What a line keeps from the captions to the step file, but for its path. Lines may differ in nothing else than the phrases they bring. */
function keyOf(fields: Fields): string {
  const { caption = '', image_id = stemOf(imagePathOf(fields)), phrases, raw } = fields;
  return JSON.stringify([caption, image_id, phrases, raw]);
}

const imagePathOf = ({ image_path: path = '' }: Fields) => String(path);

/** TAO's shape joins paths with the image root, which may have been another one; our own leaves them as they are. */
function isSameImage(fields: Fields, imagePath: string): boolean {
  const path = imagePathOf(fields);
  const isOurs = fields.status === 'ok' || fields.status === 'partial';
  return path === imagePath || (!isOurs && path.endsWith(`/${imagePath}`));
}
