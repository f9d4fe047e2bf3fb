import { z } from 'zod';
import { Grounding } from '#core/annotation-record.ts';
import { Box } from '#core/box.ts';
import type { ModelReply } from '#core/ports.ts';
import { phraseKey } from '#core/text/fold-text.ts';
import { createCheckpointReader } from '../checkpoint.ts';
import type { Extraction } from '../extract/extract.ts';
import { addDropped } from '../question.ts';
import type { Step, StepCall, StepInput } from '../step.ts';
import type { AskedExpression } from './expression-matcher.ts';
import {
  type AppliedGrounding,
  applyGrounding,
  type GroundedExpression,
  type GroundingInput,
  type GroundingOutput,
  promptGrounding,
} from './ground.ts';

/** An extraction, and which of several equal lines needs its boxes: `repeat` is 0 for the first of them. */
export interface ExtractionToGround extends StepInput, Extraction {
  readonly repeat: number;
}

/** An expression without the number that a request gives it; `index` is its place in the extraction. */
type IndexedExpression = Omit<AskedExpression, 'id'> & { readonly index: number };

interface GroundingRequest extends GroundingInput {
  readonly asked: readonly (AskedExpression & IndexedExpression)[];
}

const UNANSWERED: GroundedExpression = { grounding: 'unanswered', instances: [] };

const StoredGrounding = z.object({
  expressions: z.array(
    z.object({
      grounding: Grounding,
      note: z.string().optional(),
      instances: z.array(z.object({ bbox: Box, score: z.number().min(0).max(1).nullable() })),
    }),
  ),
});

/**
 * Step 1: the boxes of all expressions, as many per request as the profile allows. Expressions without an answer are asked about once more.
 * Later runs ask about unanswered expressions again, except for a repeat of the line.
 */
export const groundStep: Step<ExtractionToGround, GroundingOutput, GroundingRequest> = {
  name: 'step_1',
  fingerprintSubject: ({ cleanedCaption, expressions }) => [cleanedCaption, expressions.map(({ text, nounChunk }) => [text, nounChunk])],
  readCheckpoint: createCheckpointReader<GroundingOutput>(StoredGrounding),
  fits: (input, output) => output.expressions.length === input.expressions.length,
  isFinished: ({ repeat }, { expressions }) => repeat > 0 || expressions.every(({ grounding }) => grounding !== 'unanswered'),
  plan({ cleanedCaption, expressions }, { settings, profile, sent, upright }, earlier) {
    const progress = earlier ?? { output: { expressions: expressions.map(() => UNANSWERED) }, dropped: {} };
    const open = numberEqualExpressions(expressions).filter(({ index }) => progress.output.expressions[index]?.grounding === 'unanswered');
    const frame = { caption: cleanedCaption, settings: settings.grounding, profile, sent, upright };
    const calls = chunk(open, profile.expressionsPerCall).map((batch) => ({ request: { ...frame, asked: numberInRequest(batch) } }));
    return { progress, calls };
  },
  prompt: promptGrounding,
  apply(request, reply, progress) {
    const applied = applyGrounding(request, reply.text);
    const answers = [...(progress?.output.expressions ?? [])];
    for (const { id, index } of request.asked) answers[index] = applied.answers.get(id) ?? answers[index] ?? UNANSWERED;
    const dropped = { ...progress?.dropped };
    for (const [reason, times] of Object.entries(applied.dropped)) addDropped(dropped, reason, times);
    return {
      progress: { output: { expressions: answers }, dropped },
      calls: request.again ? [] : reaskUnanswered(request, applied, reply),
    };
  },
};

/** Smaller requests for the missing expressions only, below the tier that failed. */
function reaskUnanswered(request: GroundingRequest, { open, complete }: AppliedGrounding, reply: ModelReply): StepCall<GroundingRequest>[] {
  const { asked, profile } = request;
  const perCall = profile.retrySentence === undefined ? Math.ceil(asked.length / 2) : 1;
  const cutOff = reply.finish === 'length';
  const after = { cutOff, avoid: !complete || cutOff ? reply.tier : undefined };
  const unanswered = asked.filter(({ id }) => open.includes(id));
  return chunk(unanswered, perCall).map((batch) => ({ request: { ...request, asked: numberInRequest(batch), again: true }, after }));
}

const numberInRequest = (batch: readonly IndexedExpression[]) => batch.map((expression, place) => ({ ...expression, id: place + 1 }));

/** Adds an ordinal to expressions with equal words. */
function numberEqualExpressions(expressions: Extraction['expressions']): IndexedExpression[] {
  const places = Map.groupBy(expressions.keys(), (index) => phraseKey(expressions[index]?.text ?? ''));
  return expressions.map(({ text, nounChunk }, index) => {
    const equal = places.get(phraseKey(text)) ?? [];
    return { index, text, nounChunk, ordinal: equal.length > 1 ? equal.indexOf(index) + 1 : undefined };
  });
}

function chunk<T>(items: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, place) => items.slice(place * size, (place + 1) * size));
}
