import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ModelProfile } from '#core/model-profile.ts';
import type { SentImage, VisionLanguageModel } from '#core/ports.ts';
import { Settings } from '#core/settings.ts';
import { families } from '#models/profiles/profiles.ts';
import type { Extraction } from '#steps/extract/extract.ts';
import { extractStep } from '#steps/extract/extract-step.ts';
import type { GroundedExpression } from '#steps/ground/ground.ts';
import { groundStep } from '#steps/ground/ground-step.ts';
import { runStep, type StepContext } from '#steps/run-step.ts';
import { mockServerPath, startMockServer } from '#test/models/mock-server.ts';
import { openModel } from '#test/models/open-model.ts';
import { isMissing, needing } from '#test/shared-material.ts';

const settings = Settings.parse({});
const { signal } = new AbortController();
const caption = 'A red car near a tall tree, a "stop" sign, a café and 🚲 two bikes; another red car.';

/** A size that every family's image policy leaves alone. */
const size = { width: 756, height: 560 };
const picture = async (): Promise<SentImage> => {
  const create = { ...size, channels: 3 as const, background: '#88aacc' };
  return { bytes: await sharp({ create }).jpeg().toBuffer(), mimeType: 'image/jpeg', ...size };
};

/** The context of a run without checkpoints. */
function openContext(model: VisionLanguageModel, profile: ModelProfile, sent: SentImage): StepContext {
  const facts = { identity: 'picture', size: sent.bytes.length, stamp: 'drawn', ...size, orientation: 1 };
  return {
    settings,
    connection: { model, profile },
    checkpoints: { get: async () => undefined, latest: async () => undefined, put: async () => {}, locationOf: () => 'nowhere' },
    image: { facts: async () => facts, sendable: async () => sent, release: () => {} },
    signal,
  };
}

async function extract(model: VisionLanguageModel, profile: ModelProfile, image: SentImage): Promise<Extraction> {
  const result = await runStep(extractStep, { sampleId: 'picture', caption }, openContext(model, profile, image));
  if (result.status === 'failed') throw new Error(result.message);
  return result.output;
}

async function ground(model: VisionLanguageModel, profile: ModelProfile, image: SentImage, texts: readonly string[]) {
  const expressions = texts.map((text) => ({ text, charSpan: [0, 1] as [number, number], nounChunk: text }));
  const input = { sampleId: 'picture', repeat: 0, cleanedCaption: caption, expressions };
  const result = await runStep(groundStep, input, openContext(model, profile, image));
  if (result.status === 'failed') throw new Error(result.message);
  return { found: result.output.expressions, calls: result.usage.calls };
}

describe.skipIf(isMissing(mockServerPath))(needing(mockServerPath, 'an independent stand-in for model servers'), () => {
  let server: Awaited<ReturnType<typeof startMockServer>>;
  let models: Record<'openai' | 'gemini', Awaited<ReturnType<typeof openModel>>>;
  beforeAll(async () => {
    server = await startMockServer({});
    models = { openai: await openModel('openai', server.url, 4), gemini: await openModel('gemini', server.url, 4) };
  });
  afterAll(async () => {
    await models.openai.close();
    await models.gemini.close();
    server.stop();
  });

  it('is asked for expressions in a way that it understands', async () => {
    const image = await picture();

    for (const model of [models.openai, models.gemini]) {
      const { profile } = families[0] as (typeof families)[number];
      const { cleanedCaption, expressions } = await extract(model, profile, image);

      expect(cleanedCaption).toBe(caption);
      expect(expressions.map(({ text }) => text)).toContain('red car');
      expect(expressions.length).toBeGreaterThan(4);
    }
  });

  it('gives every family the same boxes, each asked in its own form', async () => {
    const image = await picture();
    const texts = ['red car', 'tall tree', 'café', 'two bikes', 'big dog', 'wall', 'roof', 'man in a hat', 'lamp', 'left shoe', 'kite'];
    const boxes: Record<string, readonly GroundedExpression[]> = {};

    for (const { profile } of families) {
      if (profile.box.scale === 1024) continue; // it writes pixels, fractions and thousandths
      const model = profile.family.startsWith('gemini') ? models.gemini : models.openai;
      const { found, calls } = await ground(model, profile, image, texts);
      boxes[profile.family] = found;
      expect(calls, profile.family).toBe(Math.ceil(texts.length / profile.expressionsPerCall));
    }

    const [first = [], ...others] = Object.values(boxes);
    expect(new Set(first.map(({ grounding }) => grounding))).toEqual(new Set(['found', 'absent']));
    for (const [place, other] of others.entries()) {
      const name = Object.keys(boxes)[place + 1];
      for (const [index, { grounding, instances }] of other.entries()) {
        expect(grounding, `${name}: ${texts[index]}`).toBe(first[index]?.grounding);
        expect(instances.length, `${name}: ${texts[index]}`).toBe(first[index]?.instances.length);
        for (const [i, { bbox }] of instances.entries())
          for (const [corner, value] of bbox.entries()) {
            const expected = first[index]?.instances[i]?.bbox[corner] ?? Number.NaN;
            expect(
              Math.abs(value - expected),
              `${name}: ${texts[index]} ${bbox} is not ${first[index]?.instances[i]?.bbox}`,
            ).toBeLessThanOrEqual(1);
          }
      }
    }
  });
});

describe('the endpoint of the benchmarks (bench/model-server.ts)', () => {
  let child: ChildProcess;
  let url: string;
  beforeAll(async () => {
    child = spawn('node', ['bench/model-server.ts'], { stdio: ['ignore', 'pipe', 'inherit'] });
    const [line] = await once(child.stdout as NodeJS.ReadableStream, 'data');
    url = String(line).trim();
  });
  afterAll(() => {
    child.kill();
  });

  it('answers both steps in the first call', async () => {
    const image = await picture();
    const profile = families.find(({ profile: { family } }) => family === 'qwen3-vl')?.profile as ModelProfile;
    const model = await openModel('openai', url, 2);

    const { expressions } = await extract(model, profile, image);
    const { found, calls } = await ground(model, profile, image, ['red car', 'tall tree']);
    await model.close();

    expect(expressions.map(({ text }) => text)).toEqual(['red car', 'tall tree']);
    expect(found.map(({ grounding }) => grounding)).toEqual(['found', 'found']);
    expect(calls).toBe(1);
  });
});
