import { SampleError } from '#core/errors.ts';
import type { ModelReply } from '#core/ports.ts';
import { type Conversation, cutReplyHead } from '../conversation.ts';
import { addDropped, type DroppedCounts } from '../question.ts';
import { type AppliedExtraction, applyExtraction, type Extraction, type ExtractionInput, promptExtraction } from './extract.ts';

/** Asks for the expressions of a caption; a reply with something missing once more, and then takes the better of the two. */
export async function extractExpressions(
  input: ExtractionInput,
  { ask }: Conversation,
): Promise<{ output: Extraction; dropped: DroppedCounts }> {
  const question = promptExtraction(input);
  const reply = await ask(question);
  const first = applyExtraction(input, reply.text);
  if (first.extraction && isWhole(first, reply)) return { output: first.extraction, dropped: first.dropped };

  const secondReply = await ask(question, { avoid: reply.tier, cutOff: reply.finish === 'length' });
  const second = applyExtraction(input, secondReply.text);
  if (second.extraction && isWhole(second, secondReply)) return { output: second.extraction, dropped: second.dropped };
  const better = size(first) > size(second) ? first : second;
  if (!better.extraction) throw unusable(second, secondReply);
  addDropped(better.dropped, 'reply_incomplete');
  return { output: better.extraction, dropped: better.dropped };
}

const isWhole = ({ complete }: AppliedExtraction, { finish }: ModelReply) => complete && finish !== 'length';
const size = ({ extraction }: AppliedExtraction) => extraction?.expressions.length ?? -1;

function unusable({ problem }: AppliedExtraction, { text, finish, finishDetail }: ModelReply): SampleError {
  const why = text.trim() === '' ? 'is empty' : finish === 'length' ? 'was cut off at its token limit' : problem;
  const detail = finish === 'stop' || !finishDetail ? '' : ` (${finishDetail})`;
  return new SampleError('reply_unusable', `the model's reply ${why}${detail}, asked twice: run again, or use another model`, {
    replyHead: cutReplyHead(text),
  });
}
