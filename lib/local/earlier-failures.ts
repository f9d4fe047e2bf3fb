import { FailureEnvelope } from '#core/annotation-record.ts';
import type { FileStore } from '#core/ports.ts';
import { fileStem } from '#core/sample-id.ts';
import { type Fields, isObject, parseRecord } from '#input/parse-line.ts';
import type { InputLine } from '#input/read-samples.ts';
import type { LineResult } from '#output/line-result.ts';
import { readJsonLines } from '#results/read-json-lines.ts';

/** Failures of reading and of step 0, which a run of step 1 alone keeps in `failed.jsonl`. */
export interface EarlierFailures {
  readonly count: number;
  /**
   * Removes the failure of a line that is in the step file now. The TAO form has a line for failed samples too:
   * the failure of such a line is returned, since the step file does not contain it.
   */
  seen(line: InputLine): LineResult | undefined;
  /** The failures whose lines were not seen. */
  rest(): LineResult[];
}

interface EarlierFailure {
  readonly imagePath: string;
  readonly failure: { readonly code: string; readonly text: string };
}

/** Reads `failed.jsonl`. Failures of step 1 are left out: their lines are in the step file, and step 1 processes them again. */
export async function readEarlierFailures(results: FileStore): Promise<EarlierFailures> {
  const earlier = new Map<string, EarlierFailure[]>();
  for await (const entry of readJsonLines(results, 'failed.jsonl')) {
    if (!('value' in entry) || !isObject(entry.value)) continue;
    const { _groundline, ...fields } = parseRecord(entry.text);
    const envelope = FailureEnvelope.safeParse(_groundline).data;
    if (!envelope || envelope.step === 'step_1') continue;
    const key = composeLineKey(fields);
    const failed = { imagePath: readImagePath(fields), failure: { code: envelope.code, text: entry.text } };
    const equal = earlier.get(key);
    if (equal) equal.push(failed);
    else earlier.set(key, [failed]);
  }
  return {
    get count() {
      return [...earlier.values()].reduce((sum, { length }) => sum + length, 0);
    },
    seen(line) {
      const fields = 'sample' in line ? line.sample.fields : line.rejected.fields;
      const equal = earlier.get(composeLineKey(fields)) ?? [];
      const place = equal.findIndex(({ imagePath }) => isSameImage(fields, imagePath));
      if (place < 0) return undefined;
      const [failed] = equal.splice(place, 1);
      return failed && 'rejected' in line && fields.status === 'failed' ? { failure: failed.failure } : undefined;
    },
    rest: () => [...earlier.values()].flat().map(({ failure }) => ({ failure })),
  };
}

/** The fields that are equal in the captions and in the step file, except for the path. Lines may differ by their phrases alone. */
function composeLineKey(fields: Fields): string {
  const { caption = '', image_id = fileStem(readImagePath(fields)), phrases, raw } = fields;
  return JSON.stringify([caption, image_id, phrases, raw]);
}

const readImagePath = ({ image_path: path = '' }: Fields) => String(path);

/** The TAO form joins paths with the image root of its run. Our own form leaves paths unchanged. */
function isSameImage(fields: Fields, imagePath: string): boolean {
  const path = readImagePath(fields);
  const isOurs = fields.status === 'ok' || fields.status === 'partial';
  return path === imagePath || (!isOurs && path.endsWith(`/${imagePath}`));
}
