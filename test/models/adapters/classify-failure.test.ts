import { describe, expect, test } from 'vitest';
import type { CallError } from '#models/adapters/call-error.ts';
import { classifyFailure, type RequestTarget } from '#models/adapters/classify-failure.ts';
import { HttpError } from '#models/adapters/http.ts';

const asked: RequestTarget = {
  endpoint: 'http://gpu:8000/v1',
  host: 'gpu:8000',
  model: 'qwen',
  key: 'secret-key-1',
  keySetting: 'OPENAI_API_KEY or vlm.openai.api_key',
  urlSetting: 'vlm.openai.base_url',
  modelSetting: 'vlm.openai.model_name',
};
const status = (code: number, message: string, more: object = {}) =>
  classifyFailure(new HttpError(code, JSON.stringify({ error: { message, ...more } })), asked);
const connection = (code: string) =>
  classifyFailure(new TypeError('fetch failed', { cause: Object.assign(new Error('x'), { code }) }), asked);

describe('classifying failures', () => {
  test.each([
    ['a key that Google rejects', status(400, 'API key not valid. Please pass a valid API key.'), 'unauthorized', 'check OPENAI_API_KEY'],
    ['used-up credit', status(429, 'You exceeded your current quota', { code: 'insufficient_quota' }), 'quota_exhausted', 'billing'],
    [
      'a daily quota',
      status(429, 'quota', { details: [{ violations: [{ quotaId: 'GenerateRequestsPerDayPerProject' }] }] }),
      'quota_exhausted',
      'tomorrow',
    ],
    [
      'a region that is not served',
      status(400, 'User location is not supported', { status: 'FAILED_PRECONDITION' }),
      'forbidden',
      'region',
    ],
    ['a path that is not there', status(404, 'no such route: POST /v1/v1/chat/completions'), 'server_unreachable', 'vlm.openai.base_url'],
    ['a model that is not there', status(404, 'The model `qwen` does not exist.'), 'unknown_model', 'vlm.openai.model_name'],
    [
      'a redirect',
      classifyFailure(new HttpError(301, 'redirects to https://gpu'), asked),
      'server_unreachable',
      'redirects to https://gpu',
    ],
    ['a bad certificate', connection('SELF_SIGNED_CERT_IN_CHAIN'), 'server_unreachable', 'NODE_EXTRA_CA_CERTS'],
  ])('%s stops the run with a fix', (_what, error, reason, fix) => {
    expect(error).toMatchObject({ name: 'RunStopError', reason, message: expect.stringContaining(fix) });
  });

  test('a missing key and a wrong key have different messages', () => {
    const error = classifyFailure(new HttpError(401, '{"error":"no"}'), { ...asked, key: '' });

    expect(error.message).toContain('no key was given; set OPENAI_API_KEY');
  });

  test.each([
    ['ECONNREFUSED', 'unreachable', 'start the server'],
    ['ENOTFOUND', 'unreachable', 'host'],
    ['ECONNRESET', 'unreachable', 'network'],
    ['UND_ERR_SOCKET', 'unreachable', 'network'],
    ['UND_ERR_CONNECT_TIMEOUT', 'unreachable', 'network'],
    ['UND_ERR_HEADERS_TIMEOUT', 'timed_out', 'timeout'],
    ['UND_ERR_BODY_TIMEOUT', 'timed_out', 'timeout'],
  ])('%s is tried again as %s', (code, kind, word) => {
    expect(connection(code)).toMatchObject({ name: 'CallError', kind, message: expect.stringContaining(word) });
  });

  test('a server that loads its model is waited for, for half an hour', () => {
    const loading = [classifyFailure(new HttpError(202, '{"error":{"type":"model_loading"}}'), asked), status(503, 'Model is not ready')];

    for (const error of loading) expect(error).toMatchObject({ kind: 'unreachable', patienceMs: 30 * 60_000 });
  });

  test('a rate limit carries the delay of header or body', () => {
    const body = classifyFailure(new HttpError(429, '{"error":{"details":[{"retryDelay":"2s"}]}}'), asked);
    const header = classifyFailure(new HttpError(429, '{}', 7000), asked);

    expect([body, header].map((error) => (error as CallError).retryAfterMs)).toEqual([2000, 7000]);
  });

  test('a limit per minute is waited for, though Gemini mentions billing', () => {
    const words = 'You exceeded your current quota, please check your plan and billing details.';
    const details = [{ violations: [{ quotaId: 'GenerateRequestsPerMinutePerProject' }] }, { retryDelay: '20s' }];

    expect(status(429, words, { status: 'RESOURCE_EXHAUSTED', details })).toMatchObject({ kind: 'throttled', retryAfterMs: 20_000 });
  });

  test('an overloaded model is not one that is loading', () => {
    expect(status(503, 'The model is overloaded. Please try again later.')).toMatchObject({ kind: 'throttled' });
  });

  test('a precondition that one image does not meet fails the sample only', () => {
    expect(status(400, 'Image is corrupt', { status: 'FAILED_PRECONDITION' })).toMatchObject({ name: 'CallError', kind: 'rejected' });
  });

  test('one flagged input does not stop the run', () => {
    expect(status(403, 'Your input was flagged')).toMatchObject({ name: 'SampleError', code: 'model_filtered' });
  });

  test('a content filter fails the sample as filtered', () => {
    expect(status(400, 'The response was filtered', { code: 'content_filter' })).toMatchObject({
      name: 'SampleError',
      code: 'model_filtered',
    });
  });

  test('no message repeats the key', () => {
    expect(status(401, 'bad key secret-key-1').message).not.toContain('secret-key-1');
  });
});
