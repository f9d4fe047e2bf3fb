import type { Grounding } from '#core/annotation-record.ts';
import type { Box, Size } from '#core/box.ts';
import type { ModelProfile } from '#core/model-profile.ts';
import type { JsonSchema } from '#core/ports.ts';
import type { Settings } from '#core/settings.ts';
import { addDropped, type DroppedCounts, estimateReplyTokens, type Question, reasoningTokenBudget } from '../question.ts';
import type { RawBox } from './collect-boxes.ts';
import { type AskedExpression, createExpressionMatcher } from './expression-matcher.ts';
import { groundingPrompt } from './ground-prompt.ts';
import type { TagCoordinates } from './native-tags.ts';
import { fitBox, isOffScale, isRepeated, toPixels } from './pixel-box.ts';
import { readBoxes } from './read-boxes.ts';
import { readScore } from './read-score.ts';

/** The result of one expression, with boxes in pixels of the upright image. `note` is the reason why there is no box. */
export interface GroundedExpression {
  readonly grounding: Grounding;
  readonly note?: string | undefined;
  readonly instances: readonly { readonly bbox: Box; readonly score: number | null }[];
}

/** The output of step 1: one entry for each expression of the extraction, in its order. */
export interface GroundingOutput {
  readonly expressions: readonly GroundedExpression[];
}

/** One request of step 1. The profile limits its number of expressions. */
export interface GroundingInput {
  readonly caption: string;
  readonly asked: readonly AskedExpression[];
  readonly settings: Settings['grounding'];
  readonly profile: ModelProfile;
  /** Size of the image as it is sent. */
  readonly sent: Size;
  /** Size of the frame of the output boxes. */
  readonly upright: Size;
  /** A first request about these expressions got no answer. */
  readonly again?: boolean | undefined;
}

/** The content of one reply. */
export interface AppliedGrounding {
  /** By the ids of the request. */
  readonly answers: ReadonlyMap<number, GroundedExpression>;
  /** Ids without a usable answer, which the step sends to the model again. */
  readonly open: readonly number[];
  /** The reply was not cut off, and its JSON was valid. */
  readonly complete: boolean;
  readonly dropped: DroppedCounts;
}

/** The JSON of one box, without its label. */
const TOKENS_PER_BOX = 48;

/** The question of step 1. Families with tags get the JSON form on the second request. */
export function promptGrounding(input: GroundingInput): Question {
  const { caption, asked, settings, profile, again } = input;
  const form = again && profile.form === 'tags' ? 'list' : profile.form;
  const [only] = asked.length === 1 ? asked : [];
  // The sentence has no place for an ordinal.
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

/**
 * Reads the reply: matches boxes with expressions by number or label, and converts them to pixels by the convention of the profile.
 * Example reply: `{"boxes": [{"box_2d": [10, 20, 300, 480], "label": "red car", "id": 1}], "absent": [2]}`.
 */
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
  // An empty list is an answer where one expression was asked about. For several expressions it counts only when repeated.
  const meansNone = isEmptyAnswer && (asked.length === 1 || again === true);
  const answers = new Map<number, GroundedExpression>();
  const open: number[] = [];
  for (const { id } of asked) {
    const given = byId.get(id) ?? (meansNone ? [{ box: 'absent' as const, block: 0 }] : []);
    const answer = composeAnswer(given, notes.get(id), { settings, profile, sent, upright }, dropped);
    if (answer) answers.set(id, answer);
    if (!answer || given.every(({ box }) => !isBox(box, profile))) open.push(id);
  }
  return { answers, open, complete, dropped };
}

type GroundingFrame = Pick<GroundingInput, 'settings' | 'profile' | 'sent' | 'upright'>;

function composeAnswer(
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
    const fitted = box === 'unreadable' ? 'box_unreadable' : fitModelBox(box, frame);
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
  return given.length > 0 ? { grounding: 'absent', note: note || undefined, instances } : undefined;
}

function fitModelBox(numbers: TagCoordinates, { profile, sent, upright }: GroundingFrame): ReturnType<typeof fitBox> | 'box_off_scale' {
  return isOffScale(numbers, profile.box) ? 'box_off_scale' : fitBox(toPixels(numbers, profile.box, sent, upright), upright);
}

const isBox = (box: RawBox['box'], { box: convention }: ModelProfile) =>
  typeof box !== 'string' ? !isOffScale(box, convention) : box === 'absent';

const REASONS: Readonly<Record<string, string>> = {
  box_unreadable: 'without four numbers',
  box_off_scale: 'in fractions where whole numbers were asked for',
  box_outside: 'mostly outside the image',
  box_without_area: 'without area',
};

function describeReasons(reasons: DroppedCounts): string {
  const parts = Object.entries(reasons).map(([reason, times]) => `${times} ${REASONS[reason] ?? reason}`);
  return `only unusable boxes: ${parts.join(', ')}`;
}

function objectSchema(profile: ModelProfile): JsonSchema {
  return object({ boxes: { type: 'array', items: elementSchema(profile, false) }, absent: { type: 'array', items: { type: 'integer' } } });
}

function listSchema(profile: ModelProfile): JsonSchema {
  return { type: 'array', items: elementSchema(profile, true) };
}

function elementSchema({ box, scores }: ModelProfile, nullable: boolean): JsonSchema {
  const properties: Record<string, unknown> = {
    [box.key]: { type: nullable ? ['array', 'null'] : 'array', items: { type: box.scale === 1 ? 'number' : 'integer' } },
    label: { type: 'string' },
    id: { type: 'integer' },
  };
  if (scores) properties.score = { type: 'number' };
  return object(properties);
}

/** Strict structured output requires all properties to be required, and no others to be allowed. */
function object(properties: Readonly<Record<string, unknown>>): JsonSchema {
  return { type: 'object', properties, required: Object.keys(properties), additionalProperties: false };
}
