import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { RunStopError, SampleError } from '#core/errors.ts';
import type { VisionLanguageModel } from '#core/ports.ts';
import { type Dialect, type DialectServer, startDialectServer } from './adapters/dialect-server.ts';
import { openModel } from './open-model.ts';
import { question } from './questions.ts';

const good = { text: '{"cleaned_caption":"A cat.","expressions":[]}' };
const error = (message: string, more: object = {}) => ({ error: { message, ...more } });

/** The contract of every remote model, checked against a real HTTP server in the provider's own dialect. */
export function visionLanguageModelContract(dialect: Dialect): void {
  describe(`${dialect.backend} as a vision-language model`, () => {
    let server: DialectServer;
    let model: VisionLanguageModel & { close(): Promise<void> };
    const { signal } = new AbortController();
    const ask = (overrides = {}, by = signal) => model.ask(question('a cat', overrides), by);

    beforeEach(async () => {
      server = await startDialectServer(dialect);
      model = await openModel(dialect.backend, server.url, 4, { timeout: 1 });
    });
    afterEach(async () => {
      await server.close();
      await model.close();
    });

    test('gives the text of the reply, without the thoughts before it', async () => {
      server.answer(good);

      expect(await ask()).toMatchObject({ text: good.text, finish: 'stop', tier: 'schema' });
    });

    test('sends the image before the words, in one user message', async () => {
      server.answer(good);

      await ask();

      const sent = JSON.stringify(server.requests[0]?.body);
      expect(sent.indexOf('iVBORw0KGgo')).toBeGreaterThan(0);
      expect(sent.indexOf('List what is visible')).toBeGreaterThan(sent.indexOf('iVBORw0KGgo'));
      expect(sent.match(/"role":"user"/g)).toHaveLength(1);
      expect(sent).not.toContain('"system"');
    });

    test('reports tokens with thinking apart from output and cached input within input', async () => {
      server.answer({ ...good, thinking: 25, cached: 100 });

      expect((await ask()).usage).toEqual({ calls: 1, input: 300, cachedInput: 100, output: 40, thinking: 25 });
    });

    test('a reply cut off at the token limit has the finish "length"', async () => {
      server.answer({ text: '{"cleaned_caption":"A c', finish: 'length' });

      expect(await ask()).toMatchObject({ finish: 'length', text: '{"cleaned_caption":"A c' });
    });

    test('a filtered reply has the finish "filtered"', async () => {
      server.answer({ text: '', finish: 'filtered' });

      expect(await ask()).toMatchObject({ finish: 'filtered' });
    });

    test('never asks for more tokens than the question can need', async () => {
      server.answer(good);

      await ask({ maxTokens: 77 });

      expect(JSON.stringify(server.requests[0]?.body)).toMatch(/"(max_tokens|maxOutputTokens)":77/);
    });

    test.each([408, 409, 425, 429, 499, 500, 502, 503, 504, 529, 202])('tries again after status %i', async (status) => {
      server.answer({ status, body: error('later'), headers: { 'retry-after': '0' } }, good);

      expect(await ask()).toMatchObject({ text: good.text });
      expect(server.requests).toHaveLength(2);
    });

    test('tries again after a dropped connection', async () => {
      server.answer('drop', good);

      expect(await ask()).toMatchObject({ text: good.text });
    });

    test.each([
      ['breaks off', '{"cand'],
      ['is empty', ''],
      ['is a word', 'busy'],
    ])('tries again after an answer with status 200 that %s', async (_what, body) => {
      server.answer({ status: 200, body, headers: { 'content-type': 'application/json' } }, good);

      expect(await ask()).toMatchObject({ text: good.text });
      expect(server.requests).toHaveLength(2);
    });

    test('JSON is read with any content type', async () => {
      server.answer({ status: 200, body: JSON.stringify(dialect.reply(good)), headers: { 'content-type': 'text/plain' } });

      expect(await ask()).toMatchObject({ text: good.text });
    });

    test('stops the run where a web page comes with status 200', async () => {
      server.answer({ status: 200, body: '<!doctype html><html>Welcome</html>' });

      await expect(ask()).rejects.toMatchObject({ reason: 'server_unreachable', message: expect.stringContaining('check vlm.') });
    });

    test('waits as long as the server asks', async () => {
      server.answer({ status: 429, body: error('slow down'), headers: { 'retry-after': '0.4' } }, good);
      const started = performance.now();

      await ask();

      expect(performance.now() - started).toBeGreaterThanOrEqual(399);
    });

    test.each([
      [401, 'unauthorized', /key/],
      [402, 'payment_required', /credit/],
      [403, 'forbidden', /permissions/],
    ])('stops the run at status %i: %s', async (status, reason, fix) => {
      server.answer({ status, body: error('no') });

      const failure = await ask().catch((caught) => caught);

      expect(failure).toBeInstanceOf(RunStopError);
      expect(failure).toMatchObject({ reason, message: expect.stringMatching(fix) });
      expect(server.requests).toHaveLength(1);
    });

    test('names the models that are served when the one asked for is not', async () => {
      server.answer({ status: 404, body: error('The model `x` does not exist') });

      await expect(ask()).rejects.toMatchObject({ reason: 'unknown_model', message: expect.stringContaining('served-a, served-b') });
    });

    test('a web page means a wrong URL', async () => {
      server.answer({ status: 404, body: '<html><body>Not Found</body></html>' });

      await expect(ask()).rejects.toMatchObject({ reason: 'server_unreachable', message: expect.stringContaining('base_url') });
    });

    test.each([
      [413, 'image_refused'],
      [415, 'image_refused'],
    ])('fails the sample at status %i', async (status, code) => {
      server.answer({ status, body: error('too large') });

      const failure = await ask().catch((caught) => caught);

      expect(failure).toBeInstanceOf(SampleError);
      expect(failure).toMatchObject({ code });
    });

    test('fails the sample when the image cannot be processed', async () => {
      server.answer({ status: 400, body: error('Unable to process input image', { status: 'INVALID_ARGUMENT' }) });

      await expect(ask()).rejects.toMatchObject({ name: 'SampleError', code: 'image_refused' });
    });

    test('steps down and remembers when the schema is rejected', async () => {
      server.answer({ status: 400, body: error('response_format: json_schema is not supported') }, good);
      await ask();

      const second = await ask();

      expect(second.tier).toBe('json');
      expect(server.requests).toHaveLength(3);
    });

    test('steps down when a schema was asked and prose came, and counts the tokens of both replies', async () => {
      server.answer({ text: 'Sure, here you go!' }, good);

      expect(await ask()).toMatchObject({ tier: 'json', usage: { calls: 2, input: 600 } });
    });

    test('steps down when the reply runs in white space up to the token limit', async () => {
      server.answer({ text: `{"cleaned_caption":${' '.repeat(500)}`, finish: 'length' }, good);

      expect(await ask()).toMatchObject({ tier: 'json', text: good.text });
    });

    test('avoids a tier for one question only', async () => {
      server.answer(good);

      const avoiding = await ask({ avoidTier: 'schema' });
      const next = await ask();

      expect([avoiding.tier, next.tier]).toEqual(['json', 'schema']);
    });

    test('leaves out a temperature that the model rejects, and remembers it', async () => {
      server.answer({ status: 400, body: error("'temperature' does not support 0.2 with this model") }, good);
      await ask();
      await ask();

      const sent = server.requests.map(({ body }) => JSON.stringify(body).includes('"temperature"'));
      expect(sent).toEqual([true, false, false]);
    });

    test('can be aborted while the server thinks', async () => {
      server.answer('hang');
      const controller = new AbortController();
      const asking = ask({}, controller.signal);
      setTimeout(() => controller.abort(), 50);

      await expect(asking).rejects.toMatchObject({ name: 'AbortError' });
    });

    test('can be aborted while it waits to try again', async () => {
      server.answer({ status: 429, body: error('slow down'), headers: { 'retry-after': '3600' } });
      const controller = new AbortController();
      const asking = ask({}, controller.signal);
      setTimeout(() => controller.abort(), 100);

      await expect(asking).rejects.toMatchObject({ name: 'AbortError' });
    });

    test('never shows the key, even when the server repeats it', async () => {
      server.answer({ status: 401, body: error('Incorrect API key provided: test-key, also sk-abcdef123456') });

      const failure = await ask().catch((caught) => caught);

      expect(failure.message).not.toMatch(/test-key|sk-abcdef/);
    });
  });
}
