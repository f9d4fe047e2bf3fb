import { gzipSync } from 'node:zlib';
import { type AttributeValue, PutItemCommand, ScanCommand } from '@aws-sdk/client-dynamodb';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import type { CheckpointStore, ImageStore, VisionLanguageModel } from '#core/ports.ts';
import { Settings } from '#core/settings.ts';
import { extractStep } from '#steps/extract/extract-step.ts';
import { runStep } from '#steps/run-step.ts';
import { openSampleImage } from '#steps/sample-image.ts';
import { createDynamoCheckpoints } from '#storage/dynamodb/dynamodb-checkpoints.ts';
import { serveDynamo } from '#test/aws/dynamo-server.ts';
import { plainProfile } from '#test/models/profile.ts';

const dynamo = serveDynamo();
const noon = Date.UTC(2026, 0, 1, 12);
const sample = { sampleId: 'a-0123456789abcdef', caption: 'A red car near a tree.', repeat: 0 };
const reply = '{"cleaned_caption":"A red car near a tree.","expressions":[{"text":"red car","noun_chunk":"car"}]}';

/** Extracts one sample with the checkpoints of a table; gives the number of model calls. */
async function extract(checkpoints: CheckpointStore): Promise<number> {
  const bytes = await sharp({ create: { width: 64, height: 48, channels: 3, background: 'red' } })
    .png()
    .toBuffer();
  const images: ImageStore = {
    stat: async () => ({ size: bytes.length, stamp: '1', identity: 'sha256:the-same' }),
    read: async () => bytes,
  };
  let calls = 0;
  const model: VisionLanguageModel = {
    backend: 'openai',
    model: 'a-model',
    async ask({ tier }) {
      calls += 1;
      return { text: reply, finish: 'stop', tier, usage: { calls: 1, input: 10, cachedInput: 0, output: 5, thinking: 0 } };
    },
  };
  const result = await runStep(extractStep, sample, {
    settings: Settings.parse({}),
    connection: { model, profile: plainProfile },
    checkpoints,
    image: openSampleImage(images, 'a.png', { maxBytes: 1e6, maxPixels: 1e6 }),
    signal: new AbortController().signal,
  });
  expect(result).toMatchObject({ status: 'ok', output: { expressions: [{ text: 'red car' }] } });
  return calls;
}

async function openTable() {
  const [client, table] = [dynamo.connect(), await dynamo.emptyTable()];
  const items = async () => (await client.send(new ScanCommand({ TableName: table }))).Items ?? [];
  return { client, table, checkpoints: createDynamoCheckpoints({ client, table, ttlDays: 90, now: () => noon }), items };
}

describe('a checkpoint stored as a raw attribute map', () => {
  it.each([
    ['text', (body: string): Record<string, AttributeValue> => ({ body: { S: body } })],
    ['gzip', (body: string): Record<string, AttributeValue> => ({ packed: { B: gzipSync(body) } })],
  ])('makes a model call unnecessary when its body is %s', async (_, bodyAttribute) => {
    const first = await openTable();
    expect(await extract(first.checkpoints)).toBe(1);
    const [{ step, body } = {}] = await first.items();

    const second = await openTable();
    const Item: Record<string, AttributeValue> = {
      sample_id: { S: sample.sampleId },
      step: { S: step?.S ?? '' },
      ...bodyAttribute(body?.S ?? ''),
      written_at: { N: '1767268800000' },
      expires_at: { N: '1775044800' },
    };
    await second.client.send(new PutItemCommand({ TableName: second.table, Item }));

    expect(await extract(second.checkpoints)).toBe(0);
  });
});

describe('a checkpoint written to DynamoDB', () => {
  const key = { sampleId: 'img_1', step: 'step_0', fingerprint: 'f'.repeat(64) } as const;
  const attributes = {
    sample_id: { S: 'img_1' },
    step: { S: `step_0#${'f'.repeat(64)}` },
    written_at: { N: '1767268800000' },
    expires_at: { N: '1775044800' },
  };

  it('has the attribute types S for text and N for times', async () => {
    const { checkpoints, items } = await openTable();

    await checkpoints.put({ ...key, body: '{"n":1}' });

    expect(await items()).toEqual([{ ...attributes, body: { S: '{"n":1}' } }]);
  });

  it('has the attribute type B for a large body, as the bytes of its gzip', async () => {
    const { checkpoints, items } = await openTable();
    const body = JSON.stringify({ text: 'ü'.repeat(30_000) });

    await checkpoints.put({ ...key, body });

    const [{ packed, ...others } = {}] = await items();
    expect(others).toEqual(attributes);
    expect(Buffer.from(packed?.B ?? []).equals(gzipSync(body))).toBe(true);
  });

  it('has no expires_at without days to keep it', async () => {
    const { client, table, items } = await openTable();

    await createDynamoCheckpoints({ client, table, now: () => noon }).put({ ...key, body: '{}' });

    expect(Object.keys((await items())[0] ?? {}).toSorted()).toEqual(['body', 'sample_id', 'step', 'written_at']);
  });
});
