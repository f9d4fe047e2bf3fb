import { isAbsoluteReference } from '#core/hosts/remote-address.ts';
import { fileStem } from '#core/sample-id.ts';
import type { Settings } from '#core/settings.ts';
import { listStepNames, stepNames } from '#core/step-names.ts';
import { parseRecord } from '#input/parse-line.ts';
import { findLineFailure, type LineResult, type OutputLines } from '../line-result.ts';
import type { StepLine } from '../step-line.ts';
import { pythonJson } from './python-json.ts';

/** TAO counts ids over the complete file, here in input order. */
export interface TaoCounters {
  expressions: number;
  boxes: number;
}

export interface TaoLines {
  readonly counters: TaoCounters;
  write(line: LineResult): OutputLines;
}

type TaoFields = Record<string, unknown>;

interface TaoExpression {
  text: string;
  instances: object[];
  expression_id: string;
  char_span: unknown;
  noun_chunk: unknown;
}

/** TAO's score for a box without one. */
const MISSING_SCORE = 0.9;
/** Fields that TAO's records do not have. */
const GROUNDLINE_FIELDS = ['orientation', 'status', 'provenance'];

/**
 * Lines in TAO's own form: `bbox_score`, counted ids, joined image paths, Python's separators, and a line for
 * every input line. Failed ones have no expressions and, unlike TAO's, a `status`.
 */
export function createTaoLines(
  { data, workflow }: Pick<Settings, 'data' | 'workflow'>,
  counters: TaoCounters = { expressions: 0, boxes: 0 },
): TaoLines {
  const keepsIds = !workflow.steps.includes('0');
  const names = listStepNames(workflow.steps);
  const numbered = (kind: 'expr' | 'box', counter: keyof TaoCounters) => `${kind}_${String(counters[counter]++).padStart(5, '0')}`;

  /** Ids of a line, equal in both step files. */
  const idsOf = (record: TaoFields): string[] =>
    readExpressions(record).map(({ expression_id: id }) => (keepsIds ? String(id) : numbered('expr', 'expressions')));

  const shape = (record: TaoFields, ids: readonly string[]): string => {
    const expressions = readExpressions(record).map((expression, index): TaoExpression => {
      const instances = (expression.instances as { bbox: unknown; score: number | null }[]).map(({ bbox, score }) => ({
        bbox,
        bbox_score: pythonFloat(score ?? MISSING_SCORE),
        bbox_id: numbered('box', 'boxes'),
      }));
      const { text, char_span, noun_chunk } = expression as unknown as TaoExpression;
      return { text, instances, expression_id: ids[index] ?? '', char_span, noun_chunk };
    });
    return pythonJson({
      ...composeBase(record, data.image_root),
      expressions,
      source: record.source,
      pipeline_steps: record.pipeline_steps,
    });
  };

  return {
    counters,
    write(line) {
      const failure = findLineFailure(line);
      const records = names.map((name) => {
        const step = line[name];
        return [name, step && step.facts.status !== 'failed' ? readRecord(step) : undefined] as const;
      });
      const first = records.find(([, record]) => record)?.[1] ?? {};
      const ids = idsOf(first);
      const failed = failure && failedRecord(failure.text, first.cleaned_caption, { data, workflow });
      const texts = records.map(([name, record]) => [name, record ? shape(record, ids) : failed] as const);
      return { ...Object.fromEntries(texts), ...(failure && { failed: failure.text }) };
    },
  };
}

/** Python writes 1.0 where JavaScript writes 1. */
const pythonFloat = (value: number) => (Number.isInteger(value) ? JSON.rawJSON(value.toFixed(1)) : value);

const readExpressions = (record: TaoFields) => (Array.isArray(record.expressions) ? record.expressions : []) as TaoFields[];

/** Without a size that the line did not state, since TAO never reads the image. */
function readRecord({ text, facts: { stated = [] } }: StepLine): TaoFields {
  const record: TaoFields = { ...parseRecord(text) };
  for (const name of ['width', 'height'] as const) if (!stated.includes(name)) delete record[name];
  return record;
}

/** The input's own fields and those that TAO adds before the expressions. */
function composeBase(record: TaoFields, imageRoot: string): TaoFields {
  const { expressions: _, source: __, pipeline_steps: ___, ...fields } = record;
  for (const name of GROUNDLINE_FIELDS) delete fields[name];
  return { ...fields, image_path: joined(record.image_path, imageRoot) };
}

/** As `os.path.join` does. */
function joined(path: unknown, root: string): unknown {
  if (root === '' || typeof path !== 'string' || path === '' || isAbsoluteReference(path)) return path;
  return root.endsWith('/') ? `${root}${path}` : `${root}/${path}`;
}

function failedRecord(text: string, cleanedCaption: unknown, { data, workflow }: Pick<Settings, 'data' | 'workflow'>): string {
  const { _groundline: _, ...fields } = parseRecord(text);
  const { image_path = '', caption = '' } = fields;
  const image_id = Object.hasOwn(fields, 'image_id') ? fields.image_id : fileStem(String(image_path));
  return pythonJson({
    ...composeBase({ ...fields, image_path, caption, image_id }, data.image_root),
    cleaned_caption: cleanedCaption ?? fields.cleaned_caption ?? caption,
    expressions: [],
    source: 'image_grounding',
    pipeline_steps: [stepNames.step_0.pipelineStep, ...(workflow.steps.includes('1') ? [stepNames.step_1.pipelineStep] : [])],
    status: 'failed',
  });
}
