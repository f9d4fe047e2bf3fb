import { type Box, iou, type Size } from '#core/box.ts';
import type { CheckpointStore, ImageStore } from '#core/ports.ts';
import { Settings } from '#core/settings.ts';
import { connectModels, type ModelConnection } from '#models/connect.ts';
import type { GroundedExpression } from '#steps/ground/ground.ts';
import { groundStep } from '#steps/ground/ground-step.ts';
import { runStep } from '#steps/run-step.ts';
import { openSampleImage, type SampleImage } from '#steps/sample-image.ts';
import { realClock } from '#test/models/real-clock.ts';
import { type FamilyServer, familyServers } from './family-servers.ts';
import { drawPicture, type Picture, type Rectangle } from './pictures.ts';

export const orientations = [1, 2, 3, 4, 5, 6, 7, 8] as const;

/** By the troubles they make: smaller than any patch, longer than wide by far, no multiple of anything, as a camera takes them. */
export const sizes = {
  small: { width: 40, height: 30 },
  wide: { width: 1600, height: 220 },
  tall: { width: 200, height: 1500 },
  odd: { width: 641, height: 427 },
  camera: { width: 4000, height: 3000 },
} as const;

const { signal } = new AbortController();

/** Two things of one colour, two of others, and room for one that is not there. */
export function rectanglesFor({ width, height }: Size): Rectangle[] {
  const at = (x1: number, y1: number, x2: number, y2: number): Box => [
    Math.round(x1 * width),
    Math.round(y1 * height),
    Math.round(x2 * width),
    Math.round(y2 * height),
  ];
  return [
    { colour: 'red', box: at(0.07, 0.12, 0.45, 0.45) },
    { colour: 'blue', box: at(0.6, 0.05, 0.97, 0.4) },
    { colour: 'green', box: at(0.1, 0.58, 0.4, 0.93) },
    { colour: 'green', box: at(0.55, 0.5, 0.8, 0.97) },
  ];
}

export const expressions = (['red', 'blue', 'green', 'yellow'] as const).map((colour) => ({ colour, text: `${colour} rectangle` }));

/** A picture as the run opens it. */
export async function openPicture(picture: Picture): Promise<SampleImage> {
  const bytes = await drawPicture(picture);
  const store: ImageStore = { stat: async () => ({ size: bytes.length, stamp: 'drawn' }), read: async () => bytes };
  return openSampleImage(store, 'picture', { maxBytes: 100_000_000, maxPixels: 100_000_000 });
}

/** The real connection of a run to the server of a family: profile by name, no test pictures. */
export async function connectFamily(url: string, { model, dialect }: Pick<FamilyServer, 'model' | 'dialect'>): Promise<ModelConnection> {
  const vlm = dialect === 'gemini' ? { gemini: { base_url: url, model } } : { openai: { base_url: `${url}/v1`, model_name: model } };
  const settings = Settings.parse({ vlm: { backend: dialect, localisation_check: 'off', ...vlm }, workflow: { steps: ['1'] } });
  const options = {
    settings,
    keys: { google: { value: 'key', source: 'the test' }, openai: { value: 'key', source: 'the test' } },
    maxWorkers: 4,
    clock: realClock,
    random: Math.random,
    notice: () => {},
  };
  return (await connectModels(options, signal)).grounding;
}

/** Step 1 as a run does it. */
export async function groundPicture(connection: ModelConnection, image: SampleImage): Promise<readonly GroundedExpression[]> {
  const cleanedCaption = expressions.map(({ text }) => `a ${text}`).join(', ');
  const placed = expressions.map(({ text }) => {
    const start = cleanedCaption.indexOf(text);
    return { text, charSpan: [start, start + text.length] as [number, number], nounChunk: 'rectangle' };
  });
  const result = await runStep(
    groundStep,
    { sampleId: 'picture', repeat: 0, cleanedCaption, expressions: placed },
    {
      settings: Settings.parse({}),
      connection,
      checkpoints: forgetful,
      image,
      signal,
    },
  );
  if (result.status === 'failed') throw new Error(result.message);
  return result.output.expressions;
}

/** The worst overlap of every family for one picture. One rendering of it serves all families that want it alike. */
export async function worstByFamily(connections: Record<string, ModelConnection>, picture: Picture): Promise<Record<string, number>> {
  const image = await openPicture(picture);
  const worst: Record<string, number> = {};
  for (const [family, connection] of byPolicy(connections))
    worst[family] = worstOverlap(await groundPicture(connection, image), picture.rectangles);
  return worst;
}

export function byPolicy(connections: Record<string, ModelConnection>): [string, ModelConnection][] {
  const policies = [...new Set(Object.values(connections).map(({ profile }) => profile.image))];
  return Object.entries(connections).toSorted(([, a], [, b]) => policies.indexOf(a.profile.image) - policies.indexOf(b.profile.image));
}

/** Connections to a server of every family. */
export async function connectFamilies(url: string): Promise<Record<string, ModelConnection>> {
  const connected = Object.entries(familyServers).map(async ([family, server]) => [family, await connectFamily(url, server)] as const);
  return Object.fromEntries(await Promise.all(connected));
}

const forgetful: CheckpointStore = {
  get: async () => undefined,
  latest: async () => undefined,
  put: async () => {},
  locationOf: () => 'nowhere',
};

/** The least overlap between what was found and what was painted; 0 where their numbers differ. */
export function worstOverlap(found: readonly GroundedExpression[], painted: readonly Rectangle[]): number {
  const overlaps = expressions.flatMap(({ colour }, index) => {
    const truth = painted.filter((rectangle) => rectangle.colour === colour);
    const boxes = found[index]?.instances ?? [];
    if (boxes.length !== truth.length) return [0];
    return truth.map(({ box }) => Math.max(...boxes.map(({ bbox }) => iou(bbox, box))));
  });
  return Math.min(...overlaps);
}
