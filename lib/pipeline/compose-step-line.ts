import type { AnnotationRecord } from '#core/annotation-record.ts';
import type { SampleError } from '#core/errors.ts';
import type { ImageFacts } from '#core/image-facts.ts';
import type { StepName, Usage } from '#core/ports.ts';
import type { Sample } from '#core/sample.ts';
import { type Failure, failedLine } from '#output/failed-line.ts';
import type { StepFacts, StepLine } from '#output/step-line.ts';

/** A step of a sample: its facts, its line, and the record that the next step starts from. */
export interface CompletedStep extends StepLine {
  readonly record: AnnotationRecord;
}

export interface StepOutcome {
  /** No call was made. */
  readonly cached: boolean;
  readonly usage?: Usage | undefined;
  readonly dropped: Readonly<Record<string, number>>;
  readonly image: ImageFacts | undefined;
}

/** The step line of a record. */
export function composeStepLine(sample: Sample, record: AnnotationRecord, { cached, usage, dropped, image }: StepOutcome): CompletedStep {
  const groundings: Record<string, number> = {};
  for (const { grounding } of record.expressions) if (grounding) groundings[grounding] = (groundings[grounding] ?? 0) + 1;
  const { width, height } = sample.fields;
  const differs = (stated: unknown, found: number) => typeof stated === 'number' && stated > 0 && stated !== found;
  const stated = (['width', 'height'] as const).filter((side) => sample.fields[side] !== undefined);
  const facts: StepFacts = {
    n: sample.line,
    id: sample.lineId,
    status: record.status === 'partial' ? 'partial' : 'done',
    cached,
    usage,
    expressions: record.expressions.length,
    boxes: record.expressions.reduce((sum, { instances }) => sum + instances.length, 0),
    groundings,
    dropped: { ...dropped },
    otherSize: differs(width, record.width) || differs(height, record.height) || undefined,
    stated: stated.length > 0 ? stated : undefined,
    image,
  };
  return { facts, record, text: JSON.stringify(record) };
}

/** `image` is absent where the image itself was not readable. */
export type StepFault = Pick<Failure, 'code' | 'message' | 'attempts' | 'replyHead'> & {
  readonly usage?: Usage | undefined;
  readonly image?: ImageFacts | undefined;
};

/** The step line of a failed sample: a line of `failed.jsonl`. */
export function composeFailedStep(sample: Sample, step: StepName, fault: StepFault, imageBase: string): StepLine {
  const { code, message, attempts, replyHead, usage, image } = fault;
  const facts: StepFacts = {
    n: sample.line,
    id: sample.lineId,
    status: 'failed',
    code,
    cached: false,
    usage,
    expressions: 0,
    boxes: 0,
    groundings: {},
    dropped: {},
    image,
  };
  return { facts, text: failedLine(sample, { step, code, message, attempts, replyHead }, imageBase) };
}

/** The fault that a `SampleError` describes. */
export function describeSampleError({ code, message, replyHead }: SampleError): StepFault {
  return { code, message, attempts: 0, replyHead };
}
