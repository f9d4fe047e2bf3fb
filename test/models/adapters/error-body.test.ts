import { describe, expect, test } from 'vitest';
import { readErrorBody } from '#models/adapters/error-body.ts';

const gemini = {
  error: {
    code: 429,
    message: 'You exceeded your current quota.',
    status: 'RESOURCE_EXHAUSTED',
    details: [
      {
        '@type': 'type.googleapis.com/google.rpc.QuotaFailure',
        violations: [{ quotaId: 'GenerateRequestsPerDayPerProjectPerModel-FreeTier' }],
      },
      { '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: '34.07s' },
    ],
  },
};

describe('error bodies', () => {
  test.each([
    ['nested (OpenAI)', '{"error":{"message":"bad key","code":"invalid_api_key"}}', 'bad key'],
    ['flat (older vLLM)', '{"object":"error","message":"bad key","code":400}', 'bad key'],
    ['a list of details (FastAPI)', '{"detail":[{"loc":["body"],"msg":"bad key","type":"value_error"}]}', 'bad key'],
    ['a detail string', '{"detail":"bad key"}', 'bad key'],
    ['an error string (Ollama)', '{"error":"bad key"}', 'bad key'],
    ['plain words', 'bad key\n', 'bad key'],
    ['nothing', '', ''],
    ['a web page', '<!doctype html><p>hello', 'a web page, not JSON'],
  ])('are read when %s', (_shape, body, message) => {
    expect(readErrorBody(body).message).toBe(message);
  });

  test.each([
    ['as it is', JSON.stringify(gemini)],
    ['in a list', JSON.stringify([gemini])],
    ['as a string inside a message', JSON.stringify({ error: { message: JSON.stringify(gemini), code: 429 } })],
  ])("show Gemini's quota and delay %s", (_how, body) => {
    expect(readErrorBody(body)).toMatchObject({
      message: 'You exceeded your current quota.',
      quotaIds: ['GenerateRequestsPerDayPerProjectPerModel-FreeTier'],
      retryAfterMs: 34_070,
    });
  });

  test('yield a delay that is only in the words', () => {
    expect(readErrorBody('{"error":{"message":"Please retry in 12.5s."}}').retryAfterMs).toBe(12_500);
  });

  test('survive anything that is not what it should be', () => {
    for (const body of ['null', '[]', '{"error":null}', '{"error":{"details":"x","message":{}}}', '{"error":[[[]]]}']) {
      expect(readErrorBody(body).isPage).toBe(false);
    }
  });

  test.each([
    ['lists', '['.repeat(100_000) + ']'.repeat(100_000)],
    ['errors', `${'{"error":'.repeat(100_000)}1${'}'.repeat(100_000)}`],
    ['details', '{"detail":['.repeat(100_000) + ']}'.repeat(100_000)],
  ])('are read without an error when 100,000 %s are nested', (_, body) => {
    expect(readErrorBody(body)).toMatchObject({ message: body.slice(0, 300), codes: [] });
  });

  test('yield no delay that is no number', () => {
    expect(readErrorBody('{"error":{"message":"Please retry in 1.2.5s."}}').retryAfterMs).toBeUndefined();
  });
});
