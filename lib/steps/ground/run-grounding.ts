import { phraseKey } from '#core/fold-text.ts';
import type { ModelReply } from '#core/ports.ts';
import type { Conversation } from '../conversation.ts';
import type { Extraction } from '../extract/extract.ts';
import { addDropped, type DroppedCounts } from '../question.ts';
import type { AskedExpression } from './asked-expression.ts';
import { applyGrounding, type GroundedExpression, type GroundingInput, type GroundingOutput, promptGrounding } from './ground.ts';

/** What is known so far; `output` says `unanswered` where nothing is. */
export interface GroundingProgress {
  readonly output: GroundingOutput;
  readonly dropped: DroppedCounts;
}

export interface GroundingWork extends Omit<GroundingInput, 'asked' | 'again'> {
  readonly expressions: Extraction['expressions'];
  /** Answers of an earlier run: only what is unanswered is asked. */
  readonly earlier?: GroundingProgress | undefined;
  /** Called before each further call, so that no answer is paid for twice. */
  keep(progress: GroundingProgress): Promise<void>;
}

/** The words of an expression, and which of several with equal words it is. Its number is given by the request. */
type Unnumbered = Omit<AskedExpression, 'id'> & { readonly index: number };

const UNANSWERED: GroundedExpression = { grounding: 'unanswered', instances: [] };

/** Asks for the boxes of all expressions, as many at a time as the profile says, and once more for those that got no answer. */
export async function groundExpressions(work: GroundingWork, conversation: Conversation): Promise<GroundingProgress> {
  const { expressions, profile, earlier, keep } = work;
  const answers = new Map<number, GroundedExpression>();
  for (const [index, answer] of earlier?.output.expressions.entries() ?? [])
    if (answer.grounding !== 'unanswered') answers.set(index, answer);
  const dropped: DroppedCounts = { ...earlier?.dropped };
  const progress = () => ({ output: { expressions: expressions.map((_, index) => answers.get(index) ?? UNANSWERED) }, dropped });

  const waiting = chunks(
    numberEqualExpressions(expressions).filter(({ index }) => !answers.has(index)),
    profile.expressionsPerCall,
  );
  const calls: Call[] = waiting.map((batch) => ({ batch }));
  for (let call = calls.shift(); call; call = calls.shift()) {
    const { batch, after } = call;
    const asked = batch.map((expression, place) => ({ ...expression, id: place + 1 }));
    const input: GroundingInput = { ...work, asked, ...(after && { again: true }) };
    const reply = await conversation.ask(promptGrounding(input), after);
    const applied = applyGrounding(input, reply.text);
    for (const [id, answer] of applied.answers) answers.set(findIndex(asked, id), answer);
    for (const [reason, times] of Object.entries(applied.dropped)) addDropped(dropped, reason, times);
    if (!after && applied.open.length > 0) {
      const open = batch.filter((_, place) => applied.open.includes(place + 1));
      calls.unshift(...reaskUnanswered(open, batch.length, profile, reply, applied.complete));
    }
    if (calls.length > 0) await keep(progress());
  }
  return progress();
}

interface Call {
  readonly batch: readonly Unnumbered[];
  /** How it went the first time. */
  readonly after?: NonNullable<Parameters<Conversation['ask']>[1]>;
}

/** The missing ones only, in smaller requests, and not on the tier that went wrong. */
function reaskUnanswered(
  open: readonly Unnumbered[],
  asked: number,
  profile: GroundingInput['profile'],
  reply: ModelReply,
  complete: boolean,
): Call[] {
  const perCall = profile.retrySentence === undefined ? Math.ceil(asked / 2) : 1;
  const cutOff = reply.finish === 'length';
  const after = { cutOff, ...((!complete || cutOff) && { avoid: reply.tier }) };
  return chunks(open, perCall).map((batch) => ({ batch, after }));
}

function numberEqualExpressions(expressions: Extraction['expressions']): Unnumbered[] {
  const places = Map.groupBy(expressions.keys(), (index) => phraseKey(expressions[index]?.text ?? ''));
  return expressions.map(({ text, nounChunk }, index) => {
    const equal = places.get(phraseKey(text)) ?? [];
    return { index, text, nounChunk, ...(equal.length > 1 && { ordinal: equal.indexOf(index) + 1 }) };
  });
}

function findIndex(asked: readonly (AskedExpression & { readonly index: number })[], id: number): number {
  return asked.find((one) => one.id === id)?.index ?? -1;
}

function chunks<T>(items: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, place) => items.slice(place * size, (place + 1) * size));
}
