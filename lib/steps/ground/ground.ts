import type { Grounding } from '#core/annotation-record.ts';
import type { Box, Size } from '#core/box.ts';
import type { ModelProfile } from '#core/model-profile.ts';
import type { JsonSchema } from '#core/ports.ts';
import type { Settings } from '#core/settings.ts';
import { addDropped, type DroppedCounts, type Question } from '../question.ts';
import { estimateReplyTokens, reasoningTokenBudget } from '../reply-tokens.ts';
import type { AskedExpression } from './asked-expression.ts';
import type { RawBox } from './collect-boxes.ts';
import { createExpressionMatcher } from './expression-matcher.ts';
import { groundingPrompt } from './ground-prompt.ts';
import type { TagCoordinates } from './native-tags.ts';
import { fitBox, isOffScale, isRepeated, toPixels } from './pixel-box.ts';
import { readBoxes } from './read-boxes.ts';
import { readScore } from './read-score.ts';

/** What became of one expression, in pixels of the upright image. `note` says why there is no box. */
export interface GroundedExpression {
  readonly grounding: Grounding;
  readonly note?: string;
  readonly instances: readonly { readonly bbox: Box; readonly score: number | null }[];
}

/** What step 1 makes of an extraction: one entry for each of its expressions, in their order. */
export interface GroundingOutput {
  readonly expressions: readonly GroundedExpression[];
}

/** One request of step 1: as many expressions as the profile takes at once. */
export interface GroundingInput {
  readonly caption: string;
  readonly asked: readonly AskedExpression[];
  readonly settings: Settings['grounding'];
  readonly profile: ModelProfile;
  /** The image as it is sent, and as boxes are written. */
  readonly sent: Size;
  readonly upright: Size;
  /** These expressions were asked for before, without an answer. */
  readonly again?: boolean;
}

/** What a reply says about the expressions asked for. */
export interface AppliedGrounding {
  /** By the request's ids. */
  readonly answers: ReadonlyMap<number, GroundedExpression>;
  /** Without a usable answer: to be asked for again. */
  readonly open: readonly number[];
  /** The reply came to its end and could be read as it stands. */
  readonly complete: boolean;
  readonly dropped: DroppedCounts;
}

/** JSON around one box. */
const TOKENS_PER_BOX = 48;

/** The question of step 1. Families with tags are asked in JSON the second time. */
export function promptGrounding(input: GroundingInput): Question {
  const { caption, asked, settings, profile, again } = input;
  const form = again && profile.form === 'tags' ? 'list' : profile.form;
  const [only] = asked.length === 1 ? asked : [];
  // The sentence has no room for the place of a repeat in its caption.
  const alone = again && only?.ordinal === undefined ? only : undefined;
  const sentence = alone && profile.retrySentence?.replace('{object}', () => alone.text);
  const boxTokens = asked.reduce((sum, { text }) => sum + settings.max_instances * (TOKENS_PER_BOX + estimateReplyTokens(text)), 0);
  return {
    task: {
      kind: 'ground',
      caption,
      expressions: asked.map(({ id, text, nounChunk }) => ({ id, text, nounChunk })),
      maxInstances: settings.max_instances,
    },
    prompt: sentence ?? groundingPrompt({ ...input, form }),
    schema: form === 'object' ? objectSchema(profile) : listSchema(profile),
    // A list is no root for structured output, and tags are no JSON.
    tier: form === 'object' ? profile.tier : 'text',
    maxTokens: 128 + boxTokens + reasoningTokenBudget(profile),
  };
}

/** Reads the answer to it: boxes to expressions by number or words, numbers to pixels by the profile's convention. */
export function applyGrounding({ asked, settings, profile, sent, upright, again }: GroundingInput, reply: string): AppliedGrounding {
  const { boxes, notes, isEmptyAnswer, complete } = readBoxes(reply, profile.box.key);
  const dropped: DroppedCounts = {};
  const matcher = createExpressionMatcher(asked, boxes);
  const byId = new Map<number, RawBox[]>();
  for (const box of boxes) {
    const id = matcher(box);
    if (id === undefined) addDropped(dropped, 'box_unmatched');
    else byId.set(id, [...(byId.get(id) ?? []), box]);
  }
  // An empty list is a plain answer to a question about one thing; of several it is believed when it is repeated.
  const meansNone = isEmptyAnswer && (asked.length === 1 || again === true);
  const answers = new Map<number, GroundedExpression>();
  const open: number[] = [];
  for (const { id } of asked) {
    const given = byId.get(id) ?? (meansNone ? [{ box: 'absent' as const, block: 0 }] : []);
    const answer = groundExpression(given, notes.get(id), { settings, profile, sent, upright }, dropped);
    if (answer) answers.set(id, answer);
    if (!answer || given.every(({ box }) => !isBox(box, profile))) open.push(id);
  }
  return { answers, open, complete, dropped };
}

type GroundingFrame = Pick<GroundingInput, 'settings' | 'profile' | 'sent' | 'upright'>;

function groundExpression(
  given: readonly RawBox[],
  note: string | undefined,
  frame: GroundingFrame,
  dropped: DroppedCounts,
): GroundedExpression | undefined {
  const first = given.find(({ box }) => box !== 'unreadable')?.block;
  const isAbsent = given.some(({ box }) => box === 'absent');
  const instances: GroundedExpression['instances'][number][] = [];
  const reasons: DroppedCounts = {};
  for (const { box, score, block } of given) {
    if (box === 'absent' || (first !== undefined && block !== first)) continue;
    const fitted = box === 'unreadable' ? 'box_unreadable' : fitGiven(box, frame);
    if (typeof fitted === 'string') addDropped(reasons, fitted);
    else if (
      isRepeated(
        fitted,
        instances.map(({ bbox }) => bbox),
      )
    )
      addDropped(dropped, 'box_repeated');
    else if (instances.length === frame.settings.max_instances) addDropped(dropped, 'box_over_limit');
    else instances.push({ bbox: fitted, score: frame.profile.scores ? readScore(score, dropped) : null });
  }
  for (const [reason, times] of Object.entries(reasons)) addDropped(dropped, reason, times);
  if (instances.length > 0) return { grounding: 'found', instances };
  if (Object.keys(reasons).length > 0 && !isAbsent) return { grounding: 'dropped', note: describeReasons(reasons), instances };
  return given.length > 0 ? { grounding: 'absent', ...(note && { note }), instances } : undefined;
}

function fitGiven(numbers: TagCoordinates, { profile, sent, upright }: GroundingFrame): ReturnType<typeof fitBox> | 'box_off_scale' {
  return isOffScale(numbers, profile.box) ? 'box_off_scale' : fitBox(toPixels(numbers, profile.box, sent, upright), upright);
}

const isBox = (box: RawBox['box'], { box: convention }: ModelProfile) =>
  typeof box !== 'string' ? !isOffScale(box, convention) : box === 'absent';

const WORDS: Readonly<Record<string, string>> = {
  box_unreadable: 'without four numbers',
  box_off_scale: 'in fractions where whole numbers were asked for',
  box_outside: 'mostly outside the image',
  box_without_area: 'without area',
};

function describeReasons(reasons: DroppedCounts): string {
  const parts = Object.entries(reasons).map(([reason, times]) => `${times} ${WORDS[reason] ?? reason}`);
  return `only unusable boxes: ${parts.join(', ')}`;
}

function objectSchema(profile: ModelProfile): JsonSchema {
  return object({ boxes: { type: 'array', items: elementSchema(profile, false) }, absent: { type: 'array', items: { type: 'integer' } } });
}

function listSchema(profile: ModelProfile): JsonSchema {
  return { type: 'array', items: elementSchema(profile, true) };
}

function elementSchema({ box, scores }: ModelProfile, nullable: boolean): JsonSchema {
  return object({
    [box.key]: { type: nullable ? ['array', 'null'] : 'array', items: { type: box.scale === 1 ? 'number' : 'integer' } },
    label: { type: 'string' },
    id: { type: 'integer' },
    ...(scores && { score: { type: 'number' } }),
  });
}

/** Strict structured output wants every property required and no other. */
function object(properties: Readonly<Record<string, unknown>>): JsonSchema {
  return { type: 'object', properties, required: Object.keys(properties), additionalProperties: false };
}
