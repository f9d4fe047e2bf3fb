import { type Box, iou } from '#core/box.ts';
import { RunStopError, SampleError } from '#core/errors.ts';
import type { BoxConvention, ModelProfile } from '#core/model-profile.ts';
import type { VisionLanguageModel } from '#core/ports.ts';
import { Settings } from '#core/settings.ts';
import { promptGrounding } from '#steps/ground/ground.ts';
import { fitBox, toPixels } from '#steps/ground/pixel-box.ts';
import { readBoxes } from '#steps/ground/read-boxes.ts';
import { parseCoordinates, unknownProfile } from './profiles.ts';
import { drawTestPicture, type TestPicture, testPictures } from './test-pictures.ts';

/** A convention fits when its boxes overlap the rectangles this much on the average of each picture. */
const MIN_OVERLAP = 0.7;

/** A rarer convention must fit better by this: inexact boxes must not turn a 1000 into a 1024. */
const MARGIN = 0.05;

/** Candidates for an unknown model, the commonest first. 999 and 1023 are left out: their difference is smaller than the error of any model. */
const CONVENTIONS: readonly ModelProfile[] = (['xyxy', 'yxyx'] as const)
  .flatMap((order) => [1000, 'pixels', 1, 100, 1024].map((scale) => `${order}-${scale}`))
  .flatMap((name) => parseCoordinates(name) ?? []);

/** The four numbers of every box in a reply. */
type Numbers = readonly [number, number, number, number];

/**
 * Finds the box convention of a model with two drawn pictures: the profile whose convention puts the boxes on the rectangles.
 * `profiles` are the candidates; the first one forms the request. Without them, all known conventions are candidates.
 * `undefined` when none fits: the model cannot localise, or has an unknown convention. Throws `RunStopError` when a reply has no box at all.
 */
export async function findConvention(
  model: VisionLanguageModel,
  profiles: readonly ModelProfile[] | undefined,
  signal: AbortSignal,
): Promise<ModelProfile | undefined> {
  if (profiles) return selectBest(profiles, await askAll(model, profiles[0] ?? unknownProfile, signal));
  const found = selectBest(CONVENTIONS, await askAll(model, unknownProfile, signal));
  if (!found || isSame(found.box, unknownProfile.box)) return found;
  // A request in the found convention can change the replies, so the convention must fit again.
  const confirmed = selectBest(CONVENTIONS, await askAll(model, found, signal));
  return confirmed && isSame(confirmed.box, found.box) ? found : undefined;
}

const isSame = (a: BoxConvention, b: BoxConvention) => a.order === b.order && a.scale === b.scale;

/** The boxes of a model for one picture, and the reason when there are none. */
interface Answer {
  readonly numbers: readonly Numbers[];
  readonly fault?: string | undefined;
}

async function askAll(model: VisionLanguageModel, profile: ModelProfile, signal: AbortSignal): Promise<(readonly Numbers[])[]> {
  const answers: Answer[] = [];
  for (const picture of testPictures) answers.push(await ask(model, picture, profile, signal));
  const fault = answers.findLast((answer) => answer.fault)?.fault;
  if (fault && answers.every(({ numbers }) => numbers.length === 0))
    throw new RunStopError(
      'convention_unknown',
      `${model.model} draws no boxes in test pictures, so all samples would probably fail: ${fault}; or skip this check with vlm.localisation_check=off`,
    );
  return answers.map(({ numbers }) => numbers);
}

async function ask(model: VisionLanguageModel, picture: TestPicture, profile: ModelProfile, signal: AbortSignal): Promise<Answer> {
  const image = drawTestPicture(picture);
  const described = picture.rectangles.map(({ colour }, index) => ({ id: index + 1, text: `${colour} rectangle`, nounChunk: 'rectangle' }));
  const numbers: Numbers[] = [];
  let fault: string | undefined;
  while (described.length > 0) {
    const asked = described.splice(0, profile.expressionsPerCall);
    const question = promptGrounding({
      caption: 'A red rectangle and a blue rectangle on a light background.',
      asked,
      settings: SETTINGS,
      profile,
      sent: image,
      upright: image,
    });
    const text = await model.ask({ ...question, image }, signal).then(
      (reply) => reply.text,
      (error) => {
        if (!(error instanceof SampleError)) throw error;
        fault = withFix(error);
        return undefined;
      },
    );
    if (text?.trim() === '') fault = EMPTY;
    numbers.push(...readBoxes(text ?? '', profile.box.key).boxes.flatMap(({ box }) => (typeof box === 'string' ? [] : [box])));
  }
  return { numbers, fault };
}

const EMPTY = 'its replies are empty; turn its thinking off or give it more max_tokens, or use a model that accepts images';

function withFix({ code, message }: SampleError): string {
  const fix =
    code === 'model_unavailable'
      ? 'run the same command again when it answers'
      : 'correct the cause (its server needs space for an image in the context), or use a model that accepts images';
  return `${message}; ${fix}`;
}

const SETTINGS = Settings.parse({}).grounding;

function selectBest(candidates: readonly ModelProfile[], replies: readonly (readonly Numbers[])[]): ModelProfile | undefined {
  let best: { profile: ModelProfile; overlap: number } | undefined;
  for (const profile of candidates) {
    const overlaps = testPictures.map((picture, index) => overlapIn(picture, replies[index] ?? [], profile.box));
    const overlap = overlaps.reduce((sum, one) => sum + one, 0) / overlaps.length;
    if (Math.min(...overlaps) >= MIN_OVERLAP && (!best || overlap > best.overlap + MARGIN)) best = { profile, overlap };
  }
  return best?.profile;
}

/** The mean IoU of the rectangles with their best boxes, for one convention. Labels do not count. */
function overlapIn(picture: TestPicture, numbers: readonly Numbers[], convention: BoxConvention): number {
  const boxes = numbers
    .map((four) => fitBox(toPixels(four, convention, picture, picture), picture))
    .filter((box): box is Box => typeof box !== 'string');
  const overlaps = picture.rectangles.map(({ box }) => Math.max(0, ...boxes.map((given) => iou(given, box))));
  return overlaps.reduce((sum, one) => sum + one, 0) / overlaps.length;
}
