/**
 * Reads records by the rules of TAO's own code (tao-data-services, auto_label/common/annotation.py and image_grounding/inference.py):
 * blank lines are skipped, a line is a JSON object, keys are accessed by name, ids and spans have TAO's form.
 * Throws where TAO's code or a script made for its files would.
 */
export interface TaoRecord {
  readonly image_path: string;
  readonly caption: string;
  readonly image_id: unknown;
  readonly cleaned_caption: string;
  readonly expressions: readonly TaoExpression[];
  readonly source: 'image_grounding';
  readonly pipeline_steps: readonly string[];
  readonly status?: string;
}

export interface TaoExpression {
  readonly text: string;
  readonly instances: readonly { readonly bbox: readonly number[]; readonly bbox_score: number; readonly bbox_id: string }[];
  readonly expression_id: string;
  readonly char_span: readonly [number, number];
  readonly noun_chunk: string;
}

const EXPRESSION_KEYS = ['text', 'instances', 'expression_id', 'char_span', 'noun_chunk'];
const INSTANCE_KEYS = ['bbox', 'bbox_score', 'bbox_id'];
const LAST_KEYS = ['cleaned_caption', 'expressions', 'source', 'pipeline_steps'];

export function readTaoRecords(text: string): TaoRecord[] {
  if (text !== '' && !text.endsWith('\n')) throw new Error('the last line has no end');
  return text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map(readTaoRecord);
}

function readTaoRecord(line: string): TaoRecord {
  if (/"(?:,|:)(?=")/.test(line.replace(/"(?:[^"\\]|\\.)*"/g, '""'))) throw new Error(`not Python's separators: ${line}`);
  if (/\\u[0-9a-f]{4}/i.test(line.replace(/\\u00[01][0-9a-f]/gi, ''))) throw new Error(`escaped where TAO does not: ${line}`);
  const record = JSON.parse(line) as TaoRecord;
  const keys = Object.keys(record).filter((key) => key !== 'status');
  for (const key of ['image_path', 'caption', 'image_id', ...LAST_KEYS]) if (!keys.includes(key)) throw new Error(`KeyError: '${key}'`);
  requireKeys(keys.slice(-LAST_KEYS.length), LAST_KEYS);
  for (const expression of record.expressions) readExpression(expression);
  return record;
}

function readExpression(expression: TaoExpression): void {
  requireKeys(Object.keys(expression), EXPRESSION_KEYS);
  if (!/^expr_\d{5}$/.test(expression.expression_id)) throw new Error(`expression_id ${expression.expression_id}`);
  for (const instance of expression.instances) {
    requireKeys(Object.keys(instance), INSTANCE_KEYS);
    if (!/^box_\d{5}$/.test(instance.bbox_id)) throw new Error(`bbox_id ${instance.bbox_id}`);
    if (instance.bbox.length !== 4 || !instance.bbox.every(Number.isInteger)) throw new Error(`bbox ${instance.bbox}`);
    if (typeof instance.bbox_score !== 'number') throw new Error(`TypeError: bbox_score ${instance.bbox_score}`);
  }
}

function requireKeys(found: readonly string[], wanted: readonly string[]): void {
  if (found.join() !== wanted.join()) throw new Error(`keys ${found} instead of ${wanted}`);
}
