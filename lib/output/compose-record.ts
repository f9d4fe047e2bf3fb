import type { AnnotationRecord, Expression } from '#core/annotation-record.ts';
import type { ImageFacts } from '#core/image-facts.ts';
import type { GivenExpression, Sample } from '#core/sample.ts';
import { composeExpressionId, extractIdHash } from '#core/sample-id.ts';
import { stepNames } from '#core/step-names.ts';
import type { Extraction } from '#steps/extract/extract.ts';
import type { GroundingOutput } from '#steps/ground/ground.ts';

/** Model and prompt of a step, as records name them. */
export interface StepProvenance {
  readonly model: string;
  readonly prompt: string;
  readonly profile?: string;
  readonly score?: 'model' | 'detector' | 'none';
}

const STEP_0 = stepNames.step_0.pipelineStep;
const STEP_1 = stepNames.step_1.pipelineStep;

/** The record of a sample after step 0: the line's own fields in their order, then ours. `provenance` is left out for lean records. */
export function composeExtracted(sample: Sample, extraction: Extraction, image: ImageFacts, provenance?: StepProvenance): AnnotationRecord {
  const given = extraction.expressions.map(({ text, charSpan, nounChunk }) => ({ text, char_span: charSpan, noun_chunk: nounChunk }));
  return composeBase(
    sample,
    { cleanedCaption: extraction.cleanedCaption, given, steps: [STEP_0] },
    image,
    provenance && { step_0: provenance },
  );
}

/** The same for a line that brought its own expressions: no step has run yet. */
export function composeGiven(sample: Sample, image: ImageFacts, provenance: boolean): AnnotationRecord {
  const { cleanedCaption = sample.caption, expressions = [] } = sample.given ?? {};
  const before = sample.fields.pipeline_steps;
  const steps = Array.isArray(before) && before.includes(STEP_0) ? [STEP_0] : [];
  const earlier = sample.fields.provenance as AnnotationRecord['provenance'];
  const known = steps.length > 0 && earlier?.step_0 ? { step_0: earlier.step_0 } : {};
  return composeBase(sample, { cleanedCaption, given: expressions, steps }, image, provenance ? known : undefined);
}

/** A record of step 0 with the boxes of step 1. `output` has one entry for each of its expressions, in their order. */
export function composeGrounded(
  record: AnnotationRecord,
  lineId: string,
  output: GroundingOutput,
  provenance?: StepProvenance,
): AnnotationRecord {
  const hash = extractIdHash(lineId);
  const expressions = record.expressions.map((expression, index): Expression => {
    const { instances: _, ...before } = expression;
    const { grounding, note, instances } = output.expressions[index] ?? throwMissingAnswer(lineId, index);
    const boxed = instances.map(({ bbox, score }, place) => ({ bbox, score, bbox_id: `box_${hash}_${two(index)}_${two(place)}` }));
    return { ...before, grounding, ...(note === undefined ? {} : { note }), instances: boxed };
  });
  const steps = record.pipeline_steps.includes(STEP_1) ? record.pipeline_steps : [...record.pipeline_steps, STEP_1];
  const partial = expressions.some(({ grounding }) => grounding === 'dropped' || grounding === 'unanswered');
  const composed: AnnotationRecord = { ...record, expressions, pipeline_steps: steps, status: partial ? 'partial' : 'ok' };
  return provenance ? { ...composed, provenance: { ...record.provenance, step_1: provenance } } : composed;
}

interface Base {
  readonly cleanedCaption: string;
  readonly given: readonly GivenExpression[];
  readonly steps: string[];
}

function composeBase(
  sample: Sample,
  { cleanedCaption, given, steps }: Base,
  image: ImageFacts,
  provenance: AnnotationRecord['provenance'],
): AnnotationRecord {
  const ids = assignExpressionIds(given, extractIdHash(sample.lineId));
  const expressions = given.map(({ text, char_span: [start, end], noun_chunk }, index): Expression => {
    return { text, expression_id: ids[index] as string, char_span: [start, end], noun_chunk, instances: [] };
  });
  const { provenance: _, ...fields } = sample.fields;
  const record: AnnotationRecord = {
    ...fields,
    image_path: sample.imagePath,
    caption: sample.caption,
    image_id: sample.imageId,
    width: image.width,
    height: image.height,
    ...(image.orientation > 1 ? { orientation: image.orientation } : {}),
    cleaned_caption: cleanedCaption,
    expressions,
    source: 'image_grounding',
    pipeline_steps: steps,
    status: 'ok',
    ...(provenance ? { provenance } : {}),
  };
  if (image.orientation === 1) delete record.orientation; // one that the line states is of another file
  return record;
}

/** An id by the expression's place, unless one that came with an id, perhaps from another place of this line, has it. */
function assignExpressionIds(given: readonly GivenExpression[], hash: string): string[] {
  const taken = new Set(given.map(({ expression_id: id }) => id));
  let next = given.length;
  return given.map(({ expression_id: id }, index) => {
    if (id !== undefined) return id;
    let own = composeExpressionId(hash, index);
    while (taken.has(own)) own = composeExpressionId(hash, next++);
    return own;
  });
}

const two = (index: number) => String(index).padStart(2, '0');

function throwMissingAnswer(lineId: string, index: number): never {
  throw new TypeError(`grounding of ${lineId} has no entry for expression ${index}`);
}
