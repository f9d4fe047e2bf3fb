import { readFileSync } from 'node:fs';
import sharp, { type Sharp } from 'sharp';
import { describe, expect, test } from 'vitest';
import { type Box, iou } from '#core/box.ts';
import type { ModelRequest, SentImage, Task } from '#core/ports.ts';
import { Settings } from '#core/settings.ts';
import { builtinProfile, createBuiltin } from '#models/builtin/create-builtin.ts';
import { applyExtraction } from '#steps/extract/extract.ts';
import { applyGrounding } from '#steps/ground/ground.ts';
import { realWeights, withWeights } from './real-weights.ts';

const { extraction, grounding } = Settings.parse({});
const { signal } = new AbortController();
const scene = readFileSync(new URL('../../../examples/demo/images/street-corner.jpg', import.meta.url));
const street: SentImage = { bytes: scene, mimeType: 'image/jpeg', width: 960, height: 640 };
/** Where they are drawn. */
const drawn: Record<string, Box> = { 'STOP sign': [108, 92, 296, 280], clock: [570, 86, 762, 278] };

const request = (task: Task, image = street): ModelRequest => ({ task, image, prompt: '', schema: {}, tier: 'schema', maxTokens: 100 });
const extract = (caption: string) => request({ kind: 'extract', caption, maxExpressions: 30 });
const asked = (...texts: string[]) => texts.map((text, index) => ({ id: index + 1, text, nounChunk: text.split(' ').at(-1) ?? '' }));
const ground = (texts: string[], image = street) =>
  request({ kind: 'ground', caption: '', expressions: asked(...texts), maxInstances: 10 }, image);
const model = await createBuiltin({ notice: () => {} });

async function groundedBy(image: SentImage, texts: string[]) {
  const { text } = await model.ask(ground(texts, image), signal);
  const frame = { caption: '', asked: asked(...texts), settings: grounding, profile: builtinProfile, sent: image, upright: image };
  return [...applyGrounding(frame, text).answers.values()];
}

describe('the builtin model', () => {
  test('a notice and the model name identify a demonstration', async () => {
    const notices: string[] = [];

    const { model: name } = await createBuiltin({ notice: (message) => notices.push(message) });

    expect(notices).toEqual([expect.stringMatching(/demonstration detector.*80 classes/)]);
    expect(name).toMatch(/^builtin\/.*demonstration detector, 80 classes/);
  });

  test('answers extraction in the form that step 0 reads, white space tidied', async () => {
    const reply = await model.ask(extract('  A man 👨‍🦰\n and a  woman, then a man. '), signal);

    expect(reply).toMatchObject({ finish: 'stop', usage: { calls: 1, input: 0, output: 0 } });
    const { extraction: found, complete } = applyExtraction({ caption: '', settings: extraction, profile: builtinProfile }, reply.text);
    expect(complete).toBe(true);
    expect(found?.cleanedCaption).toBe('A man 👨‍🦰 and a woman, then a man.');
    expect(found?.expressions.map(({ text, charSpan }) => [text, ...charSpan])).toEqual([
      ['man', 2, 5],
      ['woman', 16, 21],
      ['man', 30, 33],
    ]);
  });

  test('gives no more expressions than asked for', async () => {
    const task: Task = { kind: 'extract', caption: 'a dog, a cat, a bird', maxExpressions: 2 };

    const { text } = await model.ask(request(task), signal);

    expect(JSON.parse(text).expressions).toHaveLength(2);
  });

  test('does nothing for a run that has ended', async () => {
    await expect(model.ask(extract('a dog'), AbortSignal.abort())).rejects.toThrow('aborted');
  });
});

describe.skipIf('missing' in realWeights)(withWeights('the builtin model with its detector'), () => {
  test('drawn things get boxes, other phrases a reason', async () => {
    const [sign, clock, hydrant, wall] = await groundedBy(street, ['STOP sign', 'clock', 'fire hydrant', 'wall']);

    expect(iou(sign?.instances[0]?.bbox ?? [0, 0, 0, 0], drawn['STOP sign'] as Box)).toBeGreaterThan(0.8);
    expect(iou(clock?.instances[0]?.bbox ?? [0, 0, 0, 0], drawn.clock as Box)).toBeGreaterThan(0.8);
    expect(sign?.instances[0]?.score).toBeGreaterThan(0.9);
    expect(hydrant).toEqual({ grounding: 'absent', note: 'no fire hydrant found', instances: [] });
    expect(wall).toMatchObject({ grounding: 'absent', note: expect.stringContaining('not one of the 80 classes') });
  });

  test.each([
    ['PNG with transparency', 'image/png', (picture: Sharp) => picture.ensureAlpha(0.99).png()],
    ['16-bit PNG', 'image/png', (picture: Sharp) => picture.toColourspace('rgb16').png()],
    ['grey JPEG', 'image/jpeg', (picture: Sharp) => picture.greyscale().jpeg()],
    ['CMYK JPEG', 'image/jpeg', (picture: Sharp) => picture.toColourspace('cmyk').jpeg()],
    ['WebP', 'image/webp', (picture: Sharp) => picture.webp()],
  ])('reads a %s', async (_, mimeType, convert) => {
    const bytes = await convert(sharp(scene)).toBuffer();

    const [clock] = await groundedBy({ ...street, bytes, mimeType }, ['clock']);

    expect(iou(clock?.instances[0]?.bbox ?? [0, 0, 0, 0], drawn.clock as Box)).toBeGreaterThan(0.8);
  });

  test('gives boxes in pixels of a large picture, and of a tiny one no error', async () => {
    const large = await sharp(scene).resize(3840, 2560).jpeg().toBuffer();
    const tiny = await sharp(scene).resize(1, 1).png().toBuffer();

    const [clock] = await groundedBy({ bytes: large, mimeType: 'image/jpeg', width: 3840, height: 2560 }, ['clock']);
    const [none] = await groundedBy({ bytes: tiny, mimeType: 'image/png', width: 1, height: 1 }, ['clock']);

    const scaled = (drawn.clock as Box).map((side) => side * 4) as Box;
    expect(iou(clock?.instances[0]?.bbox ?? [0, 0, 0, 0], scaled)).toBeGreaterThan(0.8);
    expect(none?.grounding).toBe('absent');
  });

  test('gives equal replies to equal questions, one after another or all at once', async () => {
    const pictures = await Promise.all(
      [900, 840, 780].map(async (width) => ({
        bytes: await sharp(scene).resize(width).png().toBuffer(),
        mimeType: 'image/png',
        width,
        height: Math.round(width / 1.5),
      })),
    );
    const other = await createBuiltin({ notice: () => {} });
    const oneByOne: string[] = [];
    for (const picture of pictures) oneByOne.push((await other.ask(ground(['clock', 'car'], picture), signal)).text);

    const atOnce = await Promise.all([...pictures, ...pictures].map((picture) => model.ask(ground(['clock', 'car'], picture), signal)));

    expect(atOnce.map(({ text }) => text)).toEqual([...oneByOne, ...oneByOne]);
    expect(new Set(oneByOne).size).toBe(3);
  });

  test('fails the sample whose picture is cut off, and no other', async () => {
    const cut = { ...street, bytes: scene.subarray(0, scene.length / 2) };

    const [failed, fine] = await Promise.allSettled([model.ask(ground(['clock'], cut), signal), model.ask(ground(['clock']), signal)]);

    expect(failed).toMatchObject({ status: 'rejected', reason: { name: 'SampleError', code: 'image_undecodable' } });
    expect(fine.status).toBe('fulfilled');
  });
});
