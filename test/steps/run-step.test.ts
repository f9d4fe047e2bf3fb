import { readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { RunStopError, SampleError } from '#core/errors.ts';
import type { ModelProfile } from '#core/model-profile.ts';
import type { ImageStore, ModelReply, ModelRequest, VisionLanguageModel } from '#core/ports.ts';
import { Settings } from '#core/settings.ts';
import type { Extraction } from '#steps/extract/extract.ts';
import { extractStep } from '#steps/extract/extract-step.ts';
import { groundStep } from '#steps/ground/ground-step.ts';
import { runStep, type StepContext } from '#steps/run-step.ts';
import { openSampleImage } from '#steps/sample-image.ts';
import { createDirectoryCheckpoints } from '#storage/disk/directory-checkpoints.ts';
import { createLocalImages } from '#storage/local-images.ts';
import { plainProfile } from '#test/models/profile.ts';
import { tempFolder } from '#test/storage/temp-folder.ts';

const runExtraction = (input: typeof sample, context: StepContext) => runStep(extractStep, input, context);
const runGrounding = (input: typeof sample, { cleanedCaption, expressions }: Extraction, context: StepContext) =>
  runStep(groundStep, { ...input, cleanedCaption, expressions }, context);

type Answer = (request: ModelRequest, call: number) => string | Partial<ModelReply> | Error;

const sample = { sampleId: 'a-0123456789abcdef', caption: 'A red car near a tree.', repeat: 0 };
const extraction: Extraction = {
  cleanedCaption: 'A red car near a tree.',
  expressions: [
    { text: 'red car', charSpan: [2, 9], nounChunk: 'car' },
    { text: 'tree', charSpan: [17, 21], nounChunk: 'tree' },
  ],
};
const extracted =
  '{"cleaned_caption":"A red car near a tree.","expressions":[{"text":"red car","noun_chunk":"car"},{"text":"tree","noun_chunk":"tree"}]}';
const box = (id: number) => `{"bbox_2d":[100,200,300,400],"label":"","id":${id},"score":0.9}`;
const boxes = (ids: number[], absent: number[] = []) => `{"boxes":[${ids.map(box)}],"absent":[${absent}]}`;

/** A results folder with an image, and a model that says what the test says. */
async function openFolder() {
  const folder = tempFolder();
  const put = async (background = 'red') =>
    writeFileSync(
      join(folder, 'a.png'),
      await sharp({ create: { width: 640, height: 480, channels: 3, background } })
        .png()
        .toBuffer(),
    );
  await put();
  const local = createLocalImages({
    settings: { image_root: '', allow_https: false, max_image_bytes: 1e6 },
    inputFolder: folder,
    notice: () => {},
  });
  const seen = { requests: [] as ModelRequest[], reads: 0 };
  const images: ImageStore = {
    stat: local.stat,
    read(path, signal) {
      seen.reads += 1;
      return local.read(path, signal);
    },
  };
  const contextFor = (
    answer: Answer,
    change: { settings?: unknown; profile?: Partial<ModelProfile>; model?: string; signal?: AbortSignal } = {},
  ): StepContext => {
    const model: VisionLanguageModel = {
      backend: 'openai',
      model: change.model ?? 'a-model',
      async ask(request) {
        seen.requests.push(request);
        const given = answer(request, seen.requests.length);
        if (given instanceof Error) throw given;
        const usage = { calls: 1, input: 10, cachedInput: 0, output: 5, thinking: 0 };
        return { text: '', finish: 'stop', tier: request.tier, usage, ...(typeof given === 'string' ? { text: given } : given) };
      },
    };
    return {
      settings: Settings.parse(change.settings ?? {}),
      connection: { model, profile: { ...plainProfile, ...change.profile } },
      checkpoints: createDirectoryCheckpoints(folder),
      image: openSampleImage(images, 'a.png', { maxBytes: 1e6, maxPixels: 1e6 }),
      signal: change.signal ?? new AbortController().signal,
    };
  };
  const checkpoint = (step: string) => readFileSync(join(folder, step, '.ckpt', `${sample.sampleId}.json`), 'utf8');
  return { folder, put, seen, contextFor, checkpoint };
}

const none: Answer = () => new Error('asked, though nothing had to be');

describe('a step', () => {
  it('asks once, and never again while nothing of it changes', async () => {
    const { seen, contextFor } = await openFolder();
    const first = await runExtraction(
      sample,
      contextFor(() => extracted),
    );
    const again = await runExtraction(sample, contextFor(none));

    expect(first).toMatchObject({
      status: 'ok',
      cached: false,
      usage: { calls: 1, input: 10 },
      output: extraction,
      image: { width: 640, height: 480, orientation: 1 },
    });
    expect(again).toEqual({ ...first, cached: true, attempts: 0 });
    expect(seen.requests).toHaveLength(1);
  });

  it('reads the image once for both steps, and not at all when all is known and the file unchanged', async () => {
    const { seen, contextFor } = await openFolder();
    const context = contextFor((request) => (request.task.kind === 'extract' ? extracted : boxes([1, 2])));
    await runExtraction(sample, context);
    await runGrounding(sample, extraction, context);
    expect(seen.reads).toBe(1);

    await runExtraction(sample, contextFor(none));
    await runGrounding(sample, extraction, contextFor(none));
    expect(seen.reads).toBe(1);
  });

  it('looks again at a file with a new time stamp, and asks again only if it is another picture', async () => {
    const { folder, put, seen, contextFor } = await openFolder();
    await runExtraction(
      sample,
      contextFor(() => extracted),
    );

    utimesSync(join(folder, 'a.png'), new Date(0), new Date(0));
    expect(await runExtraction(sample, contextFor(none))).toMatchObject({ cached: true });
    expect(seen.reads).toBe(2);

    await put('blue');
    expect(
      await runExtraction(
        sample,
        contextFor(() => extracted),
      ),
    ).toMatchObject({ cached: false });
  });

  it.each<[string, Parameters<Awaited<ReturnType<typeof openFolder>>['contextFor']>[1], boolean]>([
    ['another model', { model: 'b-model' }, true],
    ['further instructions', { settings: { extraction: { instructions: 'only cars' } } }, true],
    ['another temperature', { settings: { vlm: { openai: { temperature: 0.9 } } } }, true],
    ['another token room for thoughts', { profile: { parameters: { reasoning_effort: 'high' } } }, true],
    ['more workers', { settings: { workflow: { max_workers: 64 } } }, false],
    ['a key and an address', { settings: { vlm: { openai: { api_key: 'k', base_url: 'http://127.0.0.1:1/v1', timeout: 3 } } } }, false],
    ['other boxes per call', { profile: { expressionsPerCall: 1 } }, false],
  ])('after a change of %s asks again: %s', async (_, change, asks) => {
    const { contextFor } = await openFolder();
    await runExtraction(
      sample,
      contextFor(() => extracted),
    );

    expect(
      await runExtraction(
        sample,
        contextFor(() => extracted, change),
      ),
    ).toMatchObject({ cached: !asks });
  });

  it('keeps small checkpoints without the reply', async () => {
    const { contextFor, checkpoint } = await openFolder();
    await runExtraction(
      sample,
      contextFor(() => `<think>${'secret thoughts '.repeat(1000)}</think>${extracted}`),
    );
    await runGrounding(
      sample,
      extraction,
      contextFor(() => boxes([1, 2])),
    );

    expect(checkpoint('step_0_expression_extraction').length).toBeLessThan(1024);
    expect(checkpoint('step_1_grounding').length).toBeLessThan(1024);
  });

  it('never asks silently again where a checkpoint is damaged or of another form: the sample fails, and the file is named', async () => {
    const { folder, seen, contextFor, checkpoint } = await openFolder();
    await runExtraction(
      sample,
      contextFor(() => extracted),
    );
    const path = join(folder, 'step_0_expression_extraction', '.ckpt', `${sample.sampleId}.json`);
    const whole = checkpoint('step_0_expression_extraction');

    for (const text of [
      whole.replace('"charSpan":[2,9]', '"charSpan":"x"'),
      whole.replace('"body":', '"body":1'),
      '{"fingerprint":"',
      '',
    ]) {
      writeFileSync(path, text);
      await expect(runExtraction(sample, contextFor(none))).rejects.toMatchObject({
        code: 'checkpoint_unreadable',
        message: expect.stringMatching(new RegExp(`${path} cannot be read: got .*; fix: delete it`)),
      });
    }
    expect(seen.requests).toHaveLength(1);
    rmSync(path);
    expect(
      await runExtraction(
        sample,
        contextFor(() => extracted),
      ),
    ).toMatchObject({ cached: false, output: extraction });
  });

  it('asks where only a checkpoint of other settings is of another form', async () => {
    const { folder, contextFor, checkpoint } = await openFolder();
    await runExtraction(
      sample,
      contextFor(() => extracted),
    );
    const path = join(folder, 'step_0_expression_extraction', '.ckpt', `${sample.sampleId}.json`);
    writeFileSync(path, checkpoint('step_0_expression_extraction').replace('"charSpan":[2,9]', '"charSpan":"x"'));

    expect(
      await runExtraction(
        sample,
        contextFor(() => extracted, { model: 'b-model' }),
      ),
    ).toMatchObject({ cached: false, output: extraction });
  });

  it('fails a sample whose checkpoint has another number of expressions', async () => {
    const { folder, contextFor, checkpoint } = await openFolder();
    await runGrounding(
      sample,
      extraction,
      contextFor(() => boxes([1, 2])),
    );
    const path = join(folder, 'step_1_grounding', '.ckpt', `${sample.sampleId}.json`);
    const stored = JSON.parse(checkpoint('step_1_grounding')) as { body: { output: { expressions: unknown[] } } };
    stored.body.output.expressions.pop();
    writeFileSync(path, JSON.stringify(stored));

    await expect(runGrounding(sample, extraction, contextFor(none))).rejects.toMatchObject({
      code: 'checkpoint_unreadable',
      message: expect.stringContaining(path),
    });
  });

  it.each([
    ['fractions', '"input":10.5', 11],
    ['negative numbers', '"input":-1', 0],
    ['null', '"input":null', 0],
    ['text', '"input":"010"', 10],
  ])('reads a checkpoint of an earlier version whose token counts are %s, and asks nothing', async (_, counts, input) => {
    const { folder, contextFor, checkpoint } = await openFolder();
    await runExtraction(
      sample,
      contextFor(() => extracted),
    );
    const path = join(folder, 'step_0_expression_extraction', '.ckpt', `${sample.sampleId}.json`);
    writeFileSync(path, checkpoint('step_0_expression_extraction').replace('"input":10', counts));

    expect(await runExtraction(sample, contextFor(none))).toMatchObject({ cached: true, output: extraction, usage: { calls: 1, input } });
  });

  it('fails a sample whose image is missing without a question and without a trace', async () => {
    const { folder, contextFor } = await openFolder();
    const context = {
      ...contextFor(none),
      image: openSampleImage(
        createLocalImages({ settings: { image_root: '', allow_https: false, max_image_bytes: 9 }, inputFolder: folder, notice: () => {} }),
        'no.png',
        { maxBytes: 9, maxPixels: 9 },
      ),
    };

    await expect(runExtraction(sample, context)).rejects.toMatchObject({ name: 'SampleError', code: 'image_not_found' });
    expect(readdirSync(folder)).toEqual(['a.png']);
  });

  it('lets a stop of the run pass, with nothing recorded', async () => {
    const { folder, contextFor } = await openFolder();

    await expect(
      runExtraction(
        sample,
        contextFor(() => new RunStopError('unauthorized', 'wrong key')),
      ),
    ).rejects.toThrow('wrong key');
    const stopped = { ...contextFor(none), beforeCall: () => Promise.reject(new RunStopError('budget_reached', 'enough')) };
    await expect(runExtraction(sample, stopped)).rejects.toThrow('enough');
    expect(readdirSync(folder)).toEqual(['a.png']);
  });
});

describe('step 0', () => {
  it.each([
    ['prose', 'I am sorry.'],
    ['a reply that was cut off', extracted.slice(0, -30)],
    ['nothing', ''],
  ])('asks once more after %s, not on the tier that failed', async (_, bad) => {
    const { seen, contextFor } = await openFolder();

    const result = await runExtraction(
      sample,
      contextFor((_request, call) => (call === 1 ? bad : extracted)),
    );

    expect(result).toMatchObject({ status: 'ok', output: extraction, usage: { calls: 2 }, dropped: {} });
    expect(seen.requests[1]).toMatchObject({ avoidTier: 'schema' });
  });

  it('gives a reply that ran out of tokens more of them', async () => {
    const { seen, contextFor } = await openFolder();
    await runExtraction(
      sample,
      contextFor((_request, call) => (call === 1 ? { text: extracted.slice(0, 60), finish: 'length' } : extracted)),
    );

    expect(seen.requests[1]?.maxTokens).toBeGreaterThan(seen.requests[0]?.maxTokens ?? Number.POSITIVE_INFINITY);
  });

  it('keeps what is complete when both replies were cut off, and counts it', async () => {
    const { contextFor } = await openFolder();

    const result = await runExtraction(
      sample,
      contextFor((_request, call) => extracted.slice(0, call === 1 ? -2 : -45)),
    );

    expect(result).toMatchObject({ status: 'ok', output: extraction, dropped: { reply_incomplete: 1 } });
  });

  it('fails the sample with the head of the reply when nothing is usable, and counts the runs that tried', async () => {
    const { contextFor, checkpoint } = await openFolder();
    const bad = `I am sorry, ${'é'.repeat(2000)}`;

    const first = await runExtraction(
      sample,
      contextFor(() => bad),
    );
    const second = await runExtraction(
      sample,
      contextFor(() => bad),
    );
    const third = await runExtraction(
      sample,
      contextFor(() => extracted),
    );

    expect(first).toMatchObject({ status: 'failed', code: 'reply_unusable', attempts: 1, usage: { calls: 2 } });
    expect(first.status === 'failed' && Buffer.byteLength(first.replyHead ?? '')).toBeLessThanOrEqual(500);
    expect(first.status === 'failed' && bad.startsWith(first.replyHead ?? 'x')).toBe(true);
    expect(second).toMatchObject({ status: 'failed', attempts: 2 });
    expect(third).toMatchObject({ status: 'ok', attempts: 3, usage: { calls: 1 } });
    expect(JSON.parse(checkpoint('step_0_expression_extraction')).body.usage.calls).toBe(5);
  });

  it.each([
    ['filtered', 'model_filtered', 'SAFETY'],
    ['refused', 'model_refused', 'content_filter'],
  ] as const)('looks at the finish first: %s is %s, without a second question', async (finish, code, finishDetail) => {
    const { seen, contextFor } = await openFolder();

    const result = await runExtraction(
      sample,
      contextFor(() => ({ text: extracted, finish, finishDetail })),
    );

    expect(result).toMatchObject({ status: 'failed', code, message: expect.stringContaining(finishDetail) });
    expect(result.image).toMatchObject({ width: 640, height: 480 }); // the image itself was read
    expect(seen.requests.length).toBe(1);
  });

  it('records what the model adapter could not do for this sample', async () => {
    const { contextFor } = await openFolder();
    const result = await runExtraction(
      sample,
      contextFor(() => new SampleError('image_refused', 'too wide')),
    );

    expect(result).toMatchObject({ status: 'failed', code: 'image_refused', message: 'too wide', attempts: 1 });
    expect(
      await runExtraction(
        sample,
        contextFor(() => extracted),
      ),
    ).toMatchObject({ status: 'ok', attempts: 2 });
  });
});

describe('step 1', () => {
  const six: Extraction = {
    cleanedCaption: 'a b c d e f',
    expressions: ['a', 'b', 'c', 'd', 'e', 'f'].map((text, k) => ({ text, charSpan: [2 * k, 2 * k + 1], nounChunk: text })),
  };
  const texts = ({ task }: ModelRequest) => (task.kind === 'ground' ? task.expressions.map(({ text }) => text).join('') : '');
  const groundings = (result: Awaited<ReturnType<typeof runGrounding>>) =>
    result.status === 'ok' ? result.output.expressions.map(({ grounding }) => grounding) : result.code;

  it('asks in batches of the profile and puts the answers in their places', async () => {
    const { seen, contextFor } = await openFolder();
    const context = contextFor((request) => (texts(request) === 'abcd' ? boxes([1, 3], [2, 4]) : boxes([2], [1])), {
      profile: { expressionsPerCall: 4 },
    });

    expect(groundings(await runGrounding(sample, six, context))).toEqual(['found', 'absent', 'found', 'absent', 'absent', 'found']);
    expect(seen.requests.map(texts)).toEqual(['abcd', 'ef']);
  });

  it('asks once more for those without an answer, in smaller requests, and then says that they have none', async () => {
    const { seen, contextFor } = await openFolder();
    const answer: Answer = (_request, call) => (call === 1 ? boxes([1], [3]) : call === 2 ? boxes([2]) : 'I am sorry.');

    const result = await runGrounding(sample, six, contextFor(answer));

    expect(seen.requests.map(texts)).toEqual(['abcdef', 'bde', 'f']);
    expect(groundings(result)).toEqual(['found', 'unanswered', 'absent', 'found', 'unanswered', 'unanswered']);
    expect(seen.requests[1]?.avoidTier).toBeUndefined();
    expect(seen.requests[0]?.maxTokens).toBeGreaterThan(seen.requests[1]?.maxTokens ?? 0);
  });

  it('leaves the tier on which a reply was broken, even for what it saved of it', async () => {
    const { seen, contextFor } = await openFolder();
    const answer: Answer = (_request, call) => (call === 1 ? boxes([1, 2, 3, 4, 5, 6]).slice(0, 150) : boxes([1, 2, 3]));

    expect(groundings(await runGrounding(sample, six, contextFor(answer)))).toEqual(Array(6).fill('found'));
    expect(seen.requests.map(texts)).toEqual(['abcdef', 'cde', 'f']);
    expect(seen.requests.slice(1).every(({ avoidTier }) => avoidTier === 'schema')).toBe(true);
  });

  it('asks for the unanswered ones again in a later run, but not for a repeat of the line', async () => {
    const { seen, contextFor } = await openFolder();
    await runGrounding(
      sample,
      extraction,
      contextFor((_request, call) => (call === 1 ? boxes([1]) : 'what?')),
    );

    const repeat = await runGrounding({ ...sample, repeat: 1 }, extraction, contextFor(none));
    expect(groundings(repeat)).toEqual(['found', 'unanswered']);

    const later = await runGrounding(
      sample,
      extraction,
      contextFor(() => boxes([], [1])),
    );
    expect(groundings(later)).toEqual(['found', 'absent']);
    expect(texts(seen.requests.at(-1) as ModelRequest)).toBe('tree');
    expect(await runGrounding(sample, extraction, contextFor(none))).toMatchObject({ cached: true });
  });

  it('does not pay again for batches that were answered before the run was stopped or the sample failed', async () => {
    for (const stop of [new RunStopError('interrupted', 'stop'), new SampleError('model_unavailable', 'down')]) {
      const { seen, contextFor } = await openFolder();
      const profile = { expressionsPerCall: 2 };
      await runGrounding(
        sample,
        six,
        contextFor((_request, call) => (call === 2 ? stop : boxes([1, 2])), { profile }),
      ).catch(() => {});

      const result = await runGrounding(
        sample,
        six,
        contextFor(() => boxes([1, 2]), { profile }),
      );

      expect(groundings(result)).toEqual(Array(6).fill('found'));
      expect(seen.requests.map(texts)).toEqual(['ab', 'cd', 'cd', 'ef']);
    }
  });

  it('fails the whole sample when the model declines, rather than calling it "not visible"', async () => {
    const { contextFor } = await openFolder();

    expect(
      groundings(
        await runGrounding(
          sample,
          extraction,
          contextFor(() => ({ text: '[]', finish: 'refused' })),
        ),
      ),
    ).toBe('model_refused');
  });

  it('turns boxes of the sent image into pixels of the upright one', async () => {
    const { contextFor } = await openFolder();
    const profile: Partial<ModelProfile> = {
      box: { key: 'bbox', order: 'xyxy', scale: 'pixels' },
      image: { ...plainProfile.image, maxSide: 320 },
    };

    const result = await runGrounding(
      sample,
      extraction,
      contextFor((request) => `{"boxes":[{"bbox":[10,20,${request.image.width},${request.image.height}],"id":1}],"absent":[2]}`, {
        profile,
      }),
    );

    expect(result).toMatchObject({ output: { expressions: [{ instances: [{ bbox: [20, 40, 640, 480] }] }, {}] } });
  });

  it('gives the same output whatever way it came about', async () => {
    const straight = await openFolder();
    const detour = await openFolder();
    const answering = (known: string) => (request: ModelRequest) => {
      const ids = [...texts(request)].map((text, place) => ({ text, id: place + 1 })).filter(({ text }) => known.includes(text));
      return boxes(
        ids.filter(({ text }) => text !== 'f').map(({ id }) => id),
        ids.filter(({ text }) => text === 'f').map(({ id }) => id),
      );
    };
    const outputOf = (result: Awaited<ReturnType<typeof runGrounding>>) => JSON.stringify(result.status === 'ok' && result.output);

    const direct = await runGrounding(sample, six, straight.contextFor(answering('abcdef')));
    const cached = await runGrounding(sample, six, straight.contextFor(none));
    await runGrounding(
      sample,
      six,
      detour.contextFor(() => new SampleError('model_error', 'no')),
    );
    await runGrounding(sample, six, detour.contextFor(answering('df')));
    const late = await runGrounding(sample, six, detour.contextFor(answering('abcdef'), { profile: { expressionsPerCall: 1 } }));

    expect(groundings(direct)).toEqual([...Array(5).fill('found'), 'absent']);
    expect(outputOf(cached)).toBe(outputOf(direct));
    expect(outputOf(late)).toBe(outputOf(direct));
  });

  it('writes no checkpoint larger than two kilobytes for ten boxes with scores', async () => {
    const { folder, contextFor } = await openFolder();
    const ten = {
      ...six,
      expressions: Array.from({ length: 10 }, (_, k) => ({
        text: `thing ${k}`,
        charSpan: [k, k + 1] as [number, number],
        nounChunk: 'thing',
      })),
    };
    await runGrounding(
      sample,
      ten,
      contextFor(() => boxes([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]), { profile: { expressionsPerCall: 12 } }),
    );

    expect(statSync(join(folder, 'step_1_grounding', '.ckpt', `${sample.sampleId}.json`)).size).toBeLessThan(2048);
  });
});
