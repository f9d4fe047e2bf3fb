import { describe, expect, it } from 'vitest';
import type { CheckpointStore, ModelRequest, StepName, VisionLanguageModel } from '#core/ports.ts';
import type { Sample } from '#core/sample.ts';
import { Settings } from '#core/settings.ts';
import { readSamples } from '#input/read-samples.ts';
import { createInternalErrors } from '#pipeline/internal-errors.ts';
import { processSample, type SampleContext } from '#pipeline/process-sample.ts';
import { plainProfile } from '#test/models/profile.ts';
import { drawPicture } from '#test/right-pixels/pictures.ts';

const caption = 'A red car near a tree.';
const line = { image_path: 'a.png', caption, width: 3 };
const given = { ...line, expressions: ['red car', 'blue bus'] };

async function readSample(fields: object): Promise<Sample> {
  for await (const read of readSamples(
    (async function* () {
      yield Buffer.from(JSON.stringify(fields));
    })(),
  ))
    if ('sample' in read) return read.sample;
  throw new Error('not a sample');
}

function answer({ task }: ModelRequest): string {
  if (task.kind === 'extract') return JSON.stringify({ cleaned_caption: caption, expressions: [{ text: 'red car' }, { text: 'tree' }] });
  const boxes = task.expressions.map(({ id, text }) => ({ bbox_2d: [100, 200, 300, 400], label: text, id, score: 0.9 }));
  return JSON.stringify({ boxes, absent: [] });
}

/** A run without earlier checkpoints, whose model answers at once; `stepsOf` limits it to some of its steps. */
async function openRun(settings: object = {}) {
  const picture = await drawPicture({ width: 320, height: 200, rectangles: [], orientation: 1, format: 'png' });
  const stored = new Map<string, { fingerprint: string; body: string }>();
  const seen = { calls: 0, reads: 0 };
  const checkpoints: CheckpointStore = {
    get: async ({ sampleId, step }) => stored.get(`${sampleId} ${step}`)?.body,
    async latest(sampleId, step) {
      const found = stored.get(`${sampleId} ${step}`);
      return found && { sampleId, step, ...found };
    },
    put: async ({ sampleId, step, ...rest }) => void stored.set(`${sampleId} ${step}`, rest),
    locationOf: () => 'memory',
  };
  const model: VisionLanguageModel = {
    backend: 'openai',
    model: 'a-model',
    async ask(request) {
      seen.calls++;
      return {
        text: answer(request),
        finish: 'stop',
        tier: request.tier,
        usage: { calls: 1, input: 9, cachedInput: 0, output: 5, thinking: 0 },
      };
    },
  };
  const connection = { model, profile: plainProfile, endpoint: 'http://127.0.0.1', scoreSource: 'model' as const };
  const step = { connection, provenance: { model: 'a-model', prompt: 'p' }, internalErrors: createInternalErrors({ stopped: undefined }) };
  const contextFor = (...names: StepName[]): SampleContext => ({
    run: { settings: Settings.parse(settings), imageBase: '/images', runId: 'run' },
    steps: Object.fromEntries(names.map((name) => [name, step])),
    checkpoints,
    images: {
      stat: async (path) => {
        if (path !== 'a.png') throw new TypeError('x is not a function');
        return { size: picture.length, stamp: 'drawn' };
      },
      async read() {
        seen.reads++;
        return picture;
      },
    },
    signal: new AbortController().signal,
  });
  return { seen, contextFor };
}

describe('a sample', () => {
  it.each([
    ['a caption', line],
    ['given expressions', given],
  ])('with %s has equal lines whether its steps run in one call or in one call each', async (_, fields) => {
    const sample = await readSample(fields);
    const together = await processSample(sample, (await openRun()).contextFor('step_0', 'step_1'));
    const { contextFor } = await openRun();
    const { step_0 } = await processSample(sample, contextFor('step_0'));
    const { step_1 } = await processSample(sample, { ...contextFor('step_1'), extracted: step_0 });

    expect(step_0?.text).toBe(together.step_0?.text);
    expect(step_1?.text).toBe(together.step_1?.text);
    expect(step_1?.facts).toMatchObject({ status: 'done', groundings: { found: fields === line ? 2 : 1 }, otherSize: true });
  });

  it('counts given expressions outside of its caption once, in the first step that runs', async () => {
    const sample = await readSample(given);
    const both = await processSample(sample, (await openRun()).contextFor('step_0', 'step_1'));
    const second = await processSample(sample, (await openRun({ workflow: { steps: ['1'] } })).contextFor('step_1'));

    expect(both.step_0?.facts.dropped).toEqual({ expression_not_in_caption: 1 });
    expect(both.step_1?.facts.dropped).toEqual({});
    expect(second.step_1?.facts.dropped).toEqual({ expression_not_in_caption: 1 });
  });

  it('makes no second call and reads no image again while its checkpoints hold', async () => {
    const { seen, contextFor } = await openRun();
    const sample = await readSample(line);
    const first = await processSample(sample, contextFor('step_0', 'step_1'));
    const second = await processSample(sample, contextFor('step_0', 'step_1'));

    expect(seen).toEqual({ calls: 2, reads: 1 });
    expect(second.step_1).toEqual({ ...first.step_1, facts: { ...first.step_1?.facts, cached: true } });
  });

  it('fails alone by an unexpected error, and skips its next step', async () => {
    const sample = await readSample({ ...line, image_path: 'b.png' });
    const { step_0, step_1 } = await processSample(sample, (await openRun()).contextFor('step_0', 'step_1'));

    expect(step_0?.facts).toMatchObject({ status: 'failed', code: 'internal_error' });
    expect(JSON.parse(step_0?.text ?? '')).toMatchObject({ image_path: 'b.png', _groundline: { step: 'step_0', image_base: '/images' } });
    expect(step_1).toBeUndefined();
  });
});
