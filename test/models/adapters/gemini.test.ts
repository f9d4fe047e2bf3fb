import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openModel } from '../open-model.ts';
import { question } from '../questions.ts';
import { type DialectServer, geminiDialect, startDialectServer } from './dialect-server.ts';

const { signal } = new AbortController();
const good = { text: '{"cleaned_caption":"A cat.","expressions":[]}' };

describe('the gemini backend', () => {
  let server: DialectServer;

  beforeEach(async () => {
    server = await startDialectServer(geminiDialect);
  });
  afterEach(() => server.close());

  const ask = async (settings: object = {}) => {
    const model = await openModel('gemini', server.url, 4, settings);
    try {
      return await model.ask(question('a cat'), signal);
    } finally {
      await model.close();
    }
  };
  const config = (index = 0) => server.requests[index]?.body.generationConfig as Record<string, unknown>;

  test('calls the version and model of the settings, with the key in a header', async () => {
    server.answer(good);

    await ask({ model: 'gemini-3.8-flash', default_headers: { 'x-team': 'vision' } });

    expect(server.requests[0]).toMatchObject({
      path: '/v1beta/models/gemini-3.8-flash:generateContent',
      headers: { 'x-goog-api-key': 'test-key', 'x-team': 'vision' },
    });
  });

  test('asks for JSON by JSON schema, in the media resolution of the step', async () => {
    server.answer(good);

    await ask({ media_resolution: 'MEDIA_RESOLUTION_LOW' });

    expect(config()).toMatchObject({
      responseMimeType: 'application/json',
      responseJsonSchema: { required: ['cleaned_caption', 'expressions'] },
      mediaResolution: 'MEDIA_RESOLUTION_LOW',
      temperature: 0.3,
    });
  });

  test('asks for ultra-high resolution with the image itself, where alone it exists', async () => {
    server.answer(good);

    await ask({ media_resolution: 'MEDIA_RESOLUTION_ULTRA_HIGH' });

    expect(config()).not.toHaveProperty('mediaResolution');
    expect(JSON.stringify(server.requests[0]?.body.contents)).toContain('MEDIA_RESOLUTION_ULTRA_HIGH');
  });

  test('a reply without token counts has unreported usage', async () => {
    const { usageMetadata: _, ...untold } = geminiDialect.reply(good) as Record<string, unknown>;
    server.answer({ status: 200, body: untold });

    expect((await ask()).usage).toEqual({ calls: 1, input: 0, cachedInput: 0, output: 0, thinking: 0, unreported: 1 });
  });

  test('a prompt blocked before the model used no tokens', async () => {
    server.answer({ status: 200, body: { promptFeedback: { blockReason: 'SAFETY' } } });

    const { finish, usage } = await ask();

    expect(finish).toBe('filtered');
    expect(usage).toEqual({ calls: 1, input: 0, cachedInput: 0, output: 0, thinking: 0 });
  });

  test('sends extra body and service tier as the user gave them', async () => {
    server.answer(good);

    await ask({ extra_body: { labels: { team: 'vision' } }, service_tier: 'flex' });

    expect(server.requests[0]?.body).toMatchObject({ labels: { team: 'vision' }, serviceTier: 'flex' });
  });

  test('gives a blocked prompt as filtered, with the reason', async () => {
    server.answer({ status: 200, body: { promptFeedback: { blockReason: 'PROHIBITED_CONTENT' }, usageMetadata: { promptTokenCount: 5 } } });

    expect(await ask()).toMatchObject({ finish: 'filtered', finishDetail: 'PROHIBITED_CONTENT', usage: { input: 5 } });
  });

  test('a continuation counts as truncation, without a second request', async () => {
    server.answer({ status: 200, body: { candidates: [{ content: { parts: [{ text: '{"a":1' }] }, finishReason: 'CONTINUATION' }] } });

    expect(await ask()).toMatchObject({ finish: 'length' });
    expect(server.requests).toHaveLength(1);
  });

  test('gives an empty reply whose thoughts used up the tokens as cut off', async () => {
    server.answer({ status: 200, body: { candidates: [{ finishReason: 'MAX_TOKENS' }], usageMetadata: { thoughtsTokenCount: 1024 } } });

    expect(await ask()).toMatchObject({ finish: 'length', text: '', usage: { thinking: 1024 } });
  });

  test('stops the run when the daily quota is used up', async () => {
    const details = [{ violations: [{ quotaId: 'GenerateRequestsPerDayPerProjectPerModel' }] }, { retryDelay: '3s' }];
    server.answer({ status: 429, body: { error: { code: 429, message: 'quota', status: 'RESOURCE_EXHAUSTED', details } } });

    await expect(ask()).rejects.toMatchObject({ reason: 'quota_exhausted', message: expect.stringContaining('tomorrow') });
  });

  test('RetryInfo sets the wait', async () => {
    server.answer({ status: 429, body: { error: { code: 429, message: 'slow', details: [{ retryDelay: '300ms' }] } } }, good);
    const started = performance.now();

    await ask();

    expect(performance.now() - started).toBeGreaterThanOrEqual(299);
  });

  test('a rejected thinking or resolution setting is left out', async () => {
    server.answer({ status: 400, body: { error: { message: 'Media resolution is not supported for this model.' } } }, good);

    await ask();

    expect(config(1)).not.toHaveProperty('mediaResolution');
  });
});
