import { z } from 'zod';
import { SampleError } from '#core/errors.ts';
import type { ModelReply } from '#core/ports.ts';
import { createCheckpointReader } from '../checkpoint.ts';
import { cutReplyHead } from '../conversation.ts';
import { addDropped } from '../question.ts';
import type { Step, StepInput, StepState } from '../step.ts';
import { type AppliedExtraction, applyExtraction, type Extraction, type ExtractionInput, promptExtraction } from './extract.ts';

export interface CaptionInput extends StepInput {
  readonly caption: string;
}

/** `first` is the result of the first reply, on the request that repeats it. */
interface ExtractionRequest extends ExtractionInput {
  readonly first?: AppliedExtraction | undefined;
}

const index = z.int().nonnegative();
const StoredExtraction = z.object({
  cleanedCaption: z.string(),
  expressions: z.array(z.object({ text: z.string(), charSpan: z.tuple([index, index]), nounChunk: z.string() })),
});

/** Step 0: the expressions of a caption. An incomplete reply is repeated once, and the better of the two is used. */
export const extractStep: Step<CaptionInput, Extraction, ExtractionRequest> = {
  name: 'step_0',
  fingerprintSubject: ({ caption }) => [caption],
  readCheckpoint: createCheckpointReader<Extraction>(StoredExtraction),
  fits: () => true,
  isFinished: () => true,
  plan: ({ caption }, { settings, profile }) => ({
    progress: undefined,
    calls: [{ request: { caption, settings: settings.extraction, profile } }],
  }),
  prompt: promptExtraction,
  apply(request, reply) {
    const applied = applyExtraction(request, reply.text);
    if (applied.extraction && applied.complete && reply.finish !== 'length') return completeWith(applied.extraction, applied);
    const { first } = request;
    if (!first) {
      const after = { avoid: reply.tier, cutOff: reply.finish === 'length' };
      return { progress: undefined, calls: [{ request: { ...request, first: applied }, after }] };
    }
    const better = countExpressions(first) > countExpressions(applied) ? first : applied;
    if (!better.extraction) throw composeUnusableReply(applied, reply);
    const dropped = { ...better.dropped };
    addDropped(dropped, 'reply_incomplete');
    return completeWith(better.extraction, { dropped });
  },
};

const completeWith = (output: Extraction, { dropped }: Pick<AppliedExtraction, 'dropped'>): StepState<Extraction, ExtractionRequest> => ({
  progress: { output, dropped },
  calls: [],
});

const countExpressions = ({ extraction }: AppliedExtraction) => extraction?.expressions.length ?? -1;

function composeUnusableReply({ problem }: AppliedExtraction, { text, finish, finishDetail }: ModelReply): SampleError {
  const why = text.trim() === '' ? 'is empty' : finish === 'length' ? 'was cut off at its token limit' : problem;
  const detail = finish === 'stop' || !finishDetail ? '' : ` (${finishDetail})`;
  return new SampleError('reply_unusable', `the model's reply ${why}${detail}, asked twice: run again, or use another model`, {
    replyHead: cutReplyHead(text),
  });
}
