import { FailureEnvelope } from '#core/annotation-record.ts';
import type { FileStore } from '#core/ports.ts';
import { fileStem } from '#core/sample-id.ts';
import { type Fields, isObject, parseRecord } from '#input/parse-line.ts';
import type { InputLine } from '#input/read-samples.ts';
import type { LineResult } from '#output/line-result.ts';
import { readJsonLines } from '#results/read-json-lines.ts';

/** Lines that failed before step 1: a run of step 1 alone must not forget them. */
export interface EarlierFailures {
  readonly count: number;
  /**
   * A line that is in the step file now is not carried besides. TAO's shape has a line for failed ones too:
   * what that one failed of is returned, since the step file does not say it.
   */
  seen(line: InputLine): LineResult | undefined;
  rest(): LineResult[];
}

interface EarlierFailure {
  readonly imagePath: string;
  readonly failure: { readonly code: string; readonly text: string };
}

/** Reads the failures of step 0 and of reading from the `failed.jsonl` that is there. Lines that failed in step 1 are in the step file, and read again. */
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

/** What a line keeps from the captions to the step file, but for its path. Lines may differ in nothing else than the phrases they bring. */
function composeLineKey(fields: Fields): string {
  const { caption = '', image_id = fileStem(readImagePath(fields)), phrases, raw } = fields;
  return JSON.stringify([caption, image_id, phrases, raw]);
}

const readImagePath = ({ image_path: path = '' }: Fields) => String(path);

/** TAO's shape joins paths with the image root, which may have been another one; our own leaves them as they are. */
function isSameImage(fields: Fields, imagePath: string): boolean {
  const path = readImagePath(fields);
  const isOurs = fields.status === 'ok' || fields.status === 'partial';
  return path === imagePath || (!isOurs && path.endsWith(`/${imagePath}`));
}
