import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openModel } from '../open-model.ts';
import { question } from '../questions.ts';
import { type DialectServer, openAIDialect, startDialectServer } from './dialect-server.ts';

const { signal } = new AbortController();
const good = { text: '{"cleaned_caption":"A cat.","expressions":[]}' };
const message = (content: unknown, more: object = {}) => ({
  status: 200,
  body: { choices: [{ message: { role: 'assistant', content, ...more }, finish_reason: 'stop' }] },
});

describe('the openai backend', () => {
  let server: DialectServer;

  beforeEach(async () => {
    server = await startDialectServer(openAIDialect);
  });
  afterEach(() => server.close());

  const ask = async (settings: object = {}, overrides: object = {}) => {
    const model = await openModel('openai', server.url, 4, settings);
    try {
      return await model.ask(question('a cat', overrides), signal);
    } finally {
      await model.close();
    }
  };

  test('sends extra body, headers and service tier as the user gave them', async () => {
    server.answer(good);

    await ask({ extra_body: { mm_processor_kwargs: { max_pixels: 5 } }, default_headers: { 'x-team': 'vision' }, service_tier: 'flex' });

    expect(server.requests[0]).toMatchObject({
      headers: { 'x-team': 'vision' },
      body: { mm_processor_kwargs: { max_pixels: 5 }, service_tier: 'flex' },
    });
  });

  test('asks for a strict schema, then for JSON, then for nothing', async () => {
    server.answer({ text: 'prose' }, { text: 'prose' }, { text: 'prose' });

    const reply = await ask();

    const formats = server.requests.map(({ body }) => (body.response_format as { type: string } | undefined)?.type);
    expect(formats).toEqual(['json_schema', 'json_object', undefined]);
    expect(reply).toMatchObject({ tier: 'text', text: 'prose', usage: { calls: 3 } });
  });

  test('swaps max_tokens for max_completion_tokens where a model wants it', async () => {
    server.answer(
      { status: 400, body: { error: { message: "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead." } } },
      good,
    );

    await ask();

    expect(server.requests[1]?.body).toMatchObject({ max_completion_tokens: 1024 });
    expect(server.requests[1]?.body).not.toHaveProperty('max_tokens');
  });

  test('keeps what the user put into extra_body even when the server rejects it', async () => {
    server.answer({ status: 400, body: { error: { message: 'Unrecognized request argument: top_k' } } });

    await expect(ask({ extra_body: { top_k: 3 } })).rejects.toMatchObject({
      code: 'model_error',
      message: expect.stringContaining('top_k'),
    });
    expect(server.requests).toHaveLength(1);
  });

  test('an error with status 200 is an error', async () => {
    server.answer({ status: 200, body: { error: { code: 402, message: 'Insufficient credits' } } });

    await expect(ask()).rejects.toMatchObject({ reason: 'payment_required' });
  });

  test('tries again when a reply under status 200 has no choices', async () => {
    server.answer({ status: 200, body: { choices: null } }, good);

    expect(await ask()).toMatchObject({ text: good.text });
  });

  test('a web page with status 200 means a wrong URL', async () => {
    server.answer({ status: 200, body: '<html>Welcome</html>' });

    await expect(ask()).rejects.toMatchObject({ reason: 'server_unreachable', message: expect.stringContaining('base_url') });
  });

  test('gives a refusal as one', async () => {
    server.answer(message(null, { refusal: 'I cannot help with that.' }));

    expect(await ask()).toMatchObject({ finish: 'refused', text: 'I cannot help with that.' });
  });

  test('joins content that comes in parts', async () => {
    server.answer(
      message([
        { type: 'text', text: '{"cleaned_caption":"a",' },
        { type: 'text', text: '"expressions":[]}' },
      ]),
    );

    expect(await ask()).toMatchObject({ text: '{"cleaned_caption":"a","expressions":[]}' });
  });

  test.each([{}, { usage: null }, { usage: { prompt_tokens: 0, completion_tokens: 0 } }])(
    'a reply with %o has unreported usage',
    async (more) => {
      server.answer({ status: 200, body: { ...message(good.text).body, ...more } });

      expect((await ask()).usage).toEqual({ calls: 1, input: 0, cachedInput: 0, output: 0, thinking: 0, unreported: 1 });
    },
  );

  test('calls Azure by deployment and dated version', async () => {
    server.answer(good);

    await ask({ base_url: server.url, api_version: '2026-06-01', model_name: 'my-deployment' });

    expect(server.requests[0]?.path).toBe('/openai/deployments/my-deployment/chat/completions?api-version=2026-06-01');
    expect(server.requests[0]?.headers['api-key']).toBe('test-key');
  });

  test('a call that times out three times fails its sample', { timeout: 20_000 }, async () => {
    server.answer('hang');

    await expect(ask({ timeout: 1 })).rejects.toMatchObject({ code: 'model_unavailable', message: expect.stringContaining('timeout') });
    expect(server.requests).toHaveLength(3);
  });
});
