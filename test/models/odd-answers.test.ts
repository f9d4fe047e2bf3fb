import { describe, expect, onTestFinished, test } from 'vitest';
import { Settings } from '#core/settings.ts';
import type { ModelAdapter } from '#models/adapters/adapter.ts';
import { CallError } from '#models/adapters/call-error.ts';
import { createGemini } from '#models/adapters/gemini.ts';
import { openConnections } from '#models/adapters/http.ts';
import { createOpenAI } from '#models/adapters/openai.ts';
import { recallCapabilities } from '#models/endpoint-capabilities.ts';
import { createOutage } from '#models/pacing/outage.ts';
import { retryCall } from '#models/pacing/retry-call.ts';
import { stepModel } from '#models/step-model.ts';
import { startAnswerServer, trickle } from './answer-server.ts';
import { createFakeClock } from './fake-clock.ts';
import { plainProfile } from './profile.ts';
import { question } from './questions.ts';

const { signal } = new AbortController();
const backends = ['openai', 'gemini'] as const;
const nested = (levels: number) => '['.repeat(levels) + ']'.repeat(levels);

async function openAdapter(backend: (typeof backends)[number], url: string, limits = { timeoutMs: 20_000, graceMs: 20_000 }) {
  const vlm = { backend, [backend]: { base_url: url, [backend === 'openai' ? 'model_name' : 'model']: 'm' } };
  const { target } = stepModel(Settings.parse({ vlm }), 'extraction', {});
  const capabilities = await recallCapabilities(undefined, target.endpoint, target.model);
  const common = { baseUrl: url, apiKey: 'k', model: 'm', temperature: 0, extraBody: {}, defaultHeaders: {}, maxTokens: 100 };
  const options = { ...common, ...limits, connections: 1, target, capabilities };
  const adapter: ModelAdapter =
    backend === 'openai'
      ? await createOpenAI(options)
      : await createGemini({ ...options, apiVersion: 'v1beta', mediaResolution: 'MEDIA_RESOLUTION_HIGH' });
  onTestFinished(() => adapter.close());
  return adapter;
}

/** What one attempt comes to: its reply, or its error. */
async function attempt(backend: (typeof backends)[number], url: string, limits?: { timeoutMs: number; graceMs: number }) {
  const adapter = await openAdapter(backend, url, limits);
  return adapter.send({ request: question('a cat'), tier: 'text', profile: plainProfile }, signal).catch((error: unknown) => error);
}

const json = (status: number, body: string) =>
  startAnswerServer((response) => response.writeHead(status, { 'content-type': 'application/json' }).end(body));

const oddOfBoth = ['null', '5', '"text"', '[]', '{}', '', 'soon', nested(100_000), `{"a":${nested(100_000)}}`];
const oddBodies = {
  openai: [...oddOfBoth, '{"choices":[]}', '{"choices":[null]}', '{"choices":[{"message":{"content":5}}]}', '{"choices":"x"}'],
  gemini: [
    ...oddOfBoth,
    '{"candidates":[]}',
    '{"candidates":[null]}',
    '{"candidates":"x"}',
    '{"candidates":[{"content":5}]}',
    '{"candidates":[{"content":{"parts":"x"}}]}',
    '{"candidates":[{"content":{"parts":[null]}}]}',
  ],
};

describe.each(backends)('the %s backend', (backend) => {
  test.each(oddBodies[backend].map((body) => [body.slice(0, 50), body]))('fails the call alone whose answer is %j', async (_, body) => {
    expect(await attempt(backend, await json(200, body))).toMatchObject({
      name: 'CallError',
      kind: 'failing',
      answerFault: 'answer_unreadable',
    });
  });

  test('fails the call alone whose error is nested 100,000 levels deep', async () => {
    expect(await attempt(backend, await json(400, nested(100_000)))).toMatchObject({ name: 'CallError', kind: 'rejected' });
    expect(await attempt(backend, await json(400, '{"error":'.repeat(100_000) + '}'.repeat(100_000)))).toMatchObject({ kind: 'rejected' });
  });

  test('an endless answer of white space ends at the deadline', async () => {
    const url = await startAnswerServer(trickle);

    expect(await attempt(backend, url, { timeoutMs: 200, graceMs: 100 })).toMatchObject({
      name: 'CallError',
      kind: 'timed_out',
      answerFault: 'answer_too_slow',
    });
  });

  test('waits for an answer that trickles for longer than the timeout, and ends in time', async () => {
    const body =
      backend === 'openai'
        ? '{"choices":[{"message":{"content":"hi"}}]}'
        : '{"candidates":[{"content":{"parts":[{"text":"hi"}]},"finishReason":"STOP"}]}';
    const url = await startAnswerServer((response) => {
      trickle(response);
      setTimeout(() => response.end(body), 400);
    });

    expect(await attempt(backend, url, { timeoutMs: 200, graceMs: 10_000 })).toMatchObject({ text: 'hi' });
  });

  test('reads no more than 32 MiB of an answer', async () => {
    let sent = 0;
    const url = await startAnswerServer((response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      const piece = Buffer.alloc(1024 * 1024, ' ');
      const flood = () => {
        while (!response.destroyed && sent < 512) {
          sent += 1;
          if (!response.write(piece)) return;
        }
      };
      response.on('drain', flood);
      flood();
    });

    expect(await attempt(backend, url)).toMatchObject({ kind: 'failing', answerFault: 'answer_unreadable' });
    expect(sent).toBeLessThan(128);
  });
});

const counts: [string, readonly [unknown, unknown], object][] = [
  ['fractions', [10.5, 3.5], { input: 11, output: 4 }],
  ['texts', ['12', '5.0'], { input: 12, output: 5 }],
  ['a negative number', [-1, 5], { input: 0, unreported: 1 }],
  ['null', [null, 5], { input: 0, output: 5, unreported: 1 }],
  ['words', ['many', 'few'], { input: 0, output: 0, unreported: 1 }],
];

describe('token counts that are no integers are corrected, and the answer is used', () => {
  test.each(counts)('by the openai backend: %s', async (_, [prompt_tokens, completion_tokens], usage) => {
    const body = { choices: [{ message: { content: 'hi' }, finish_reason: 'stop' }], usage: { prompt_tokens, completion_tokens } };

    expect(await attempt('openai', await json(200, JSON.stringify(body)))).toMatchObject({ text: 'hi', usage });
  });

  test.each(counts)('by the gemini backend: %s', async (_, [promptTokenCount, candidatesTokenCount], usage) => {
    const candidates = [{ content: { parts: [{ text: 'hi' }] }, finishReason: 'STOP' }];
    const body = { candidates, usageMetadata: { promptTokenCount, candidatesTokenCount } };

    expect(await attempt('gemini', await json(200, JSON.stringify(body)))).toMatchObject({ text: 'hi', usage });
  });

  test.each([
    ['x'],
    [5],
    [[]],
    [null],
    [{ prompt_tokens: 9, completion_tokens: 2, prompt_tokens_details: 'x', completion_tokens_details: [5] }],
  ])('and usage of another form loses no answer: %o', async (usage) => {
    const body = { choices: [{ message: { content: 'hi' }, finish_reason: 5 }], usage };

    expect(await attempt('openai', await json(200, JSON.stringify(body)))).toMatchObject({ text: 'hi', usage: { calls: 1 } });
  });
});

describe('an answer that did arrive', () => {
  test.each(['answer_too_slow', 'answer_unreadable'] as const)('never stops the run: the sample fails as %s', async (answerFault) => {
    const clock = createFakeClock();
    const kind = answerFault === 'answer_too_slow' ? 'timed_out' : 'failing';
    const call = async () => {
      await clock.sleep(65_000, signal);
      throw new CallError(kind, 'odd', { answerFault });
    };
    const result = retryCall(call, { clock, random: () => 0.5, outage: createOutage(clock, () => {}) }, signal).catch((error) => error);

    await clock.advance(3_600_000);

    expect(await result).toMatchObject({ name: 'SampleError', code: answerFault });
  });
});

test('a call that is aborted while its answer trickles ends at once, as aborted', async () => {
  const url = await startAnswerServer(trickle);
  const { fetch, close } = await openConnections({ connections: 1, timeoutMs: 20_000, host: new URL(url).host, secrets: [] });
  onTestFinished(close);
  const controller = new AbortController();
  const reason = new Error('stop');
  setTimeout(() => controller.abort(reason), 100);

  await expect(fetch(url, { signal: controller.signal })).rejects.toBe(reason);
});
