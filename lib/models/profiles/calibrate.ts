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

/** A convention explains a reply when its boxes overlap the rectangles this much, on the average of each picture. */
const ENOUGH = 0.7;

/** A rarer convention has to explain so much more: boxes that are a little off must not make a 1024 out of a 1000. */
const MARGIN = 0.05;

/** What an unknown model may mean, the commonest first. 999 and 1023 are left out: a thousandth of a side is less than any model errs. */
const CONVENTIONS: readonly ModelProfile[] = (['xyxy', 'yxyx'] as const)
  .flatMap((order) => [1000, 'pixels', 1, 100, 1024].map((scale) => `${order}-${scale}`))
  .flatMap((name) => parseCoordinates(name) ?? []);

/** The four numbers of every box in a reply. */
type Numbers = readonly [number, number, number, number];

/**
 * Finds out how a model writes boxes, by what it says about two drawn pictures: the profile whose convention puts its boxes on the rectangles.
 * `profiles` are the candidates, the first of which says how to ask; without them every known convention is tried.
 * `undefined` when none fits: the model cannot localise, or does it in a way that is not known. Throws `RunStopError` where there is nothing to fit: samples would fare no better.
 */
export async function findConvention(
  model: VisionLanguageModel,
  profiles: readonly ModelProfile[] | undefined,
  signal: AbortSignal,
): Promise<ModelProfile | undefined> {
  if (profiles) return selectBest(profiles, await askAll(model, profiles[0] ?? unknownProfile, signal));
  const found = selectBest(CONVENTIONS, await askAll(model, unknownProfile, signal));
  if (!found || isSame(found.box, unknownProfile.box)) return found;
  // Asked in its own words a model may answer otherwise: what is returned is what was seen to work.
  const confirmed = selectBest(CONVENTIONS, await askAll(model, found, signal));
  return confirmed && isSame(confirmed.box, found.box) ? found : undefined;
}

const isSame = (a: BoxConvention, b: BoxConvention) => a.order === b.order && a.scale === b.scale;

/** What a model said about a picture, and why it said nothing where it did. */
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
      `${model.model} draws no boxes in test pictures, so samples would probably all fail: ${fault}; or go on without this look by vlm.localisation_check=off`,
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

const EMPTY = 'its replies are empty; turn its thinking off or give it more max_tokens, or use a model that takes images';

function withFix({ code, message }: SampleError): string {
  const fix =
    code === 'model_unavailable'
      ? 'run the same command again when it answers'
      : 'mend what it says (its server needs room for an image in the context), or use a model that takes images';
  return `${message}; ${fix}`;
}

const SETTINGS = Settings.parse({}).grounding;

function selectBest(candidates: readonly ModelProfile[], replies: readonly (readonly Numbers[])[]): ModelProfile | undefined {
  let best: { profile: ModelProfile; overlap: number } | undefined;
  for (const profile of candidates) {
    const overlaps = testPictures.map((picture, index) => overlapIn(picture, replies[index] ?? [], profile.box));
    const overlap = overlaps.reduce((sum, one) => sum + one, 0) / overlaps.length;
    if (Math.min(...overlaps) >= ENOUGH && (!best || overlap > best.overlap + MARGIN)) best = { profile, overlap };
  }
  return best?.profile;
}

/** How well boxes fit, read by a convention: each rectangle by the box that covers it best, whatever the label says. */
function overlapIn(picture: TestPicture, numbers: readonly Numbers[], convention: BoxConvention): number {
  const boxes = numbers
    .map((four) => fitBox(toPixels(four, convention, picture, picture), picture))
    .filter((box): box is Box => typeof box !== 'string');
  const overlaps = picture.rectangles.map(({ box }) => Math.max(0, ...boxes.map((given) => iou(given, box))));
  return overlaps.reduce((sum, one) => sum + one, 0) / overlaps.length;
}
