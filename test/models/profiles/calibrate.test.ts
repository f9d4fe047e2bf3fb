import { describe, expect, test } from 'vitest';
import { type Box, iou, type Size } from '#core/box.ts';
import { RunStopError, SampleError } from '#core/errors.ts';
import type { ModelRequest, SentImage, VisionLanguageModel } from '#core/ports.ts';
import { noUsage } from '#core/usage.ts';
import { findConvention } from '#models/profiles/calibrate.ts';
import { families, parseCoordinates, profileByName, unknownProfile } from '#models/profiles/profiles.ts';
import { drawTestPicture, testPictures } from '#models/profiles/test-pictures.ts';
import { toPixels } from '#steps/ground/pixel-box.ts';
import { look, type Seen } from '#test/right-pixels/look.ts';
import { askedDescriptions, colourIn } from '#test/right-pixels/read-request.ts';

const { signal } = new AbortController();
const byColour = (a: { colour: string }, b: { colour: string }) => a.colour.localeCompare(b.colour);

type Writer = (box: Box, seen: Size, request: ModelRequest) => readonly number[];

const views = new Map<number, Promise<Seen>>();

/** The test pictures differ in width. */
function lookOnce({ bytes, width }: SentImage): Promise<Seen> {
  const view = views.get(width) ?? look(bytes);
  views.set(width, view);
  return view;
}

/** A model that sees the rectangles and writes them its own way, whatever it was asked for. */
function modelWriting(write: Writer): VisionLanguageModel & { calls: number } {
  const model = {
    backend: 'openai' as const,
    model: 'unheard-of',
    calls: 0,
    async ask(request: ModelRequest) {
      model.calls += 1;
      const seen = await lookOnce(request.image);
      const boxes = askedDescriptions(request.prompt).flatMap(({ id, text }) =>
        seen.rectangles
          .filter(({ colour }) => colour === colourIn(text))
          .map(({ box }) => ({ bbox_2d: write(box, seen, request), label: text, id })),
      );
      return { text: JSON.stringify(boxes), finish: 'stop' as const, tier: request.tier, usage: { ...noUsage, calls: 1 } };
    },
  };
  return model;
}

function writerOf(name: string): Writer {
  const { order, scale } = conventionOf(name);
  return ([x1, y1, x2, y2], { width, height }) => {
    const place = (value: number, side: number) =>
      scale === 'pixels' ? value : scale === 1 ? Number((value / side).toFixed(3)) : Math.round((value / side) * scale);
    const [a, b, c, d] = [place(x1, width), place(y1, height), place(x2, width), place(y2, height)];
    return order === 'yxyx' ? [b, a, d, c] : [a, b, c, d];
  };
}

const names = ['xyxy', 'yxyx'].flatMap((order) => ['1000', 'pixels', '1', '100', '1024'].map((scale) => `${order}-${scale}`));
const conventionOf = (name: string) => (parseCoordinates(name) ?? unknownProfile).box;

describe('finding a convention', () => {
  test.each(names)('distinguishes %s from all others', async (name) => {
    const found = await findConvention(modelWriting(writerOf(name)), undefined, signal);

    expect(found?.box).toMatchObject({ order: conventionOf(name).order, scale: conventionOf(name).scale });
    expect(parseCoordinates(found?.family ?? '')).toEqual(found);
  });

  test('asks a model that answers as asked no more than two questions', async () => {
    const model = modelWriting(writerOf('xyxy-1000'));

    await findConvention(model, undefined, signal);

    expect(model.calls).toBe(2);
  });

  test('bears with boxes that are a little off', async () => {
    const loose: Writer = (box, seen, request) =>
      writerOf('yxyx-1000')(box, seen, request).map((value, index) => value + (index % 2 === 0 ? 9 : -11));

    expect((await findConvention(modelWriting(loose), undefined, signal))?.box).toMatchObject({ order: 'yxyx', scale: 1000 });
  });

  test('finds none for a server that resizes on its own and answers in those pixels', async () => {
    const resized: Writer = (box, { width, height }) => box.map((value) => Math.round((value * 640) / Math.max(width, height)));

    expect(await findConvention(modelWriting(resized), undefined, signal)).toBeUndefined();
  });

  test('finds none for a model that boxes the entire picture, a fixed place, or nothing', async () => {
    for (const boxes of ['[{"bbox_2d":[0,0,1000,1000],"id":1}]', '[{"bbox_2d":[100,100,400,400],"id":1}]', '[]', 'I cannot see it.']) {
      const model = {
        ...modelWriting(writerOf('xyxy-1')),
        ask: async () => ({ text: boxes, finish: 'stop', tier: 'text', usage: noUsage }) as const,
      };

      expect(await findConvention(model, undefined, signal), boxes).toBeUndefined();
    }
  });

  test('does not trust a model that answers otherwise when it is asked in its own words', async () => {
    const fickle: Writer = (box, seen, request) =>
      writerOf(/pixel coordinates/.test(request.prompt) ? 'xyxy-100' : 'xyxy-pixels')(box, seen, request);

    expect(await findConvention(modelWriting(fickle), undefined, signal)).toBeUndefined();
  });

  test('confirms a known family, and does not confirm it when its server answers in other numbers', async () => {
    const profile = profileByName('qwen3-vl') ?? unknownProfile;

    expect(await findConvention(modelWriting(writerOf('xyxy-1000')), [profile], signal)).toBe(profile);
    expect(await findConvention(modelWriting(writerOf('xyxy-pixels')), [profile], signal)).toBeUndefined();
  });

  test.each([
    ['an unknown model', undefined],
    ['a known family', [unknownProfile]],
  ])('the error for %s without boxes has the message of its server and a fix', async (_, profiles) => {
    const failing = (error: Error) => ({ ...modelWriting(writerOf('xyxy-1')), ask: () => Promise.reject(error) });
    const find = (model: VisionLanguageModel) => findConvention(model, profiles, signal);

    await expect(
      find(failing(new SampleError('image_refused', 'rejected the request (400: image too large for model context)'))),
    ).rejects.toThrow(
      /unheard-of draws no boxes .*400: image too large for model context.*space for an image.*vlm\.localisation_check=off/,
    );
    await expect(find(failing(new SampleError('model_unavailable', 'gave up')))).rejects.toThrow(/gave up; run the same command again/);
    await expect(find(failing(new SampleError('model_refused', 'no')))).rejects.toThrow(RunStopError);
    await expect(find(failing(new RunStopError('unauthorized', 'no key')))).rejects.toThrow(/^no key$/);
  });

  test('empty replies are named in the error', async () => {
    const mute = {
      ...modelWriting(writerOf('xyxy-1')),
      ask: async () => ({ text: ' \n', finish: 'length', tier: 'text', usage: noUsage }) as const,
    };

    await expect(findConvention(mute, undefined, signal)).rejects.toThrow(/its replies are empty; .*max_tokens/);
  });

  test('bears with a failure where the other picture has its boxes', async () => {
    const model = modelWriting(writerOf('xyxy-1000'));
    let calls = 0;
    const faltering: VisionLanguageModel = {
      ...model,
      ask: (request) => (calls++ === 0 ? Promise.reject(new SampleError('model_error', 'no')) : model.ask(request, signal)),
    };

    expect(await findConvention(faltering, [unknownProfile], signal)).toBeUndefined();
  });

  test('draws pictures that keep every two conventions apart', () => {
    const isThousandth = (name: string) => /-10(?:00|24)$/.test(name);
    for (const picture of testPictures)
      for (const { box } of picture.rectangles)
        for (const written of names)
          for (const read of names.filter((name) => name !== written)) {
            const four = writerOf(written)(box, picture, {} as ModelRequest) as Box;
            const overlap = iou(toPixels(four, conventionOf(read), picture, picture), box);
            const isNear = isThousandth(written) && isThousandth(read) && written.slice(0, 4) === read.slice(0, 4);
            expect(overlap, `${written} read as ${read}`).toBeLessThan(isNear ? 0.93 : 0.6);
          }
  });

  test('draws pictures that every pixel family’s server leaves alone', () => {
    for (const { profile } of families.filter((row) => row.profile.box.scale === 'pixels'))
      for (const { width, height } of testPictures) {
        expect(width * height).toBeLessThanOrEqual(1280 * 28 * 28);
        if (profile.image.multipleOf) expect([width % profile.image.multipleOf, height % profile.image.multipleOf]).toEqual([0, 0]);
      }
  });

  test('test pictures contain their rectangles', async () => {
    for (const picture of testPictures)
      expect((await look(drawTestPicture(picture).bytes)).rectangles.toSorted(byColour)).toEqual(picture.rectangles.toSorted(byColour));
  });
});
