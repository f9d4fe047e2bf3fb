import { describe, expect, onTestFinished, test } from 'vitest';
import { Settings } from '#core/settings.ts';
import { connectModels } from '#models/connect.ts';
import type { ModelKeys } from '#models/model-keys.ts';
import { stepModel } from '#models/step-model.ts';
import { type DialectServer, geminiDialect, openAIDialect, startDialectServer } from './adapters/dialect-server.ts';
import { startListener } from './listener.ts';
import { question } from './questions.ts';
import { realClock } from './real-clock.ts';

const { signal } = new AbortController();
const variable = (source: string, value = `value-of-${source}`) => ({ value, source });
const openai = { openai: variable('OPENAI_API_KEY') };
const settingsOf = (vlm: object, steps = ['0', '1']) => Settings.parse({ vlm, workflow: { steps } });

function keysOf(vlm: object, keys: ModelKeys, steps?: string[]) {
  const settings = settingsOf(vlm, steps);
  return settings.workflow.steps.map((step) => stepModel(settings, step === '0' ? 'extraction' : 'grounding', keys).target.key);
}

const connect = (vlm: object, keys: ModelKeys) =>
  connectModels({ settings: settingsOf(vlm), keys, maxWorkers: 2, clock: realClock, random: Math.random, notice: () => {} }, signal);

async function rejection(vlm: object, keys: ModelKeys): Promise<Error> {
  return connect(vlm, keys).then(
    () => expect.fail('nothing was refused'),
    (error: Error) => error,
  );
}

/** The keys that a server got, each once, by the two headers that carry one. */
const sentTo = ({ requests }: DialectServer) =>
  [...new Set(requests.map(({ headers }) => JSON.stringify([headers['x-goog-api-key'] ?? null, headers.authorization ?? null])))].map(
    (each) => JSON.parse(each),
  );

async function listen() {
  const listener = await startListener();
  onTestFinished(() => listener.close());
  return listener;
}

describe('a key that no header can carry', () => {
  const faults = [
    ['a line break', 'sk-SECRET\nSECRET', /a line break at character 10/],
    ['a carriage return', 'sk-SECRET\rSECRET', /a line break at character 10/],
    ['a typographic dash', 'sk–SECRET', /a typographic dash \(U\+2013\) at character 3/],
    ['a space inside', 'sk-SECRET SECRET', /a space at character 10/],
    ['a control character', 'sk-\u0007SECRET', /a control character at character 4/],
    ['a letter beyond ASCII', 'sk-SECRÉT', /a non-ASCII character \(U\+00C9\) at character 8/],
  ] as const;
  const places = [
    ['openai', 'OPENAI_API_KEY', (value: string) => [{}, { openai: variable('OPENAI_API_KEY', value) }]],
    ['gemini', 'GEMINI_API_KEY', (value: string) => [{}, { google: variable('GEMINI_API_KEY', value) }]],
    ['openai', 'vlm.openai.api_key', (value: string) => [{ openai: { api_key: value } }, {}]],
    [
      'gemini',
      'vlm.grounding.gemini.api_key',
      (value: string) => [{ grounding: { gemini: { api_key: value } } }, { google: variable('GOOGLE_API_KEY') }],
    ],
    [
      'openai',
      '"api.openai.com" of the secret keys',
      (value: string) => [
        {},
        { secret: { name: 'keys', byHost: new Map([['api.openai.com', variable('"api.openai.com" of the secret keys', value)]]) } },
      ],
    ],
  ] as const;

  test.each(
    faults.flatMap(([what, key, message]) =>
      places.map(([backend, source, given]) => [what, source, backend, given(key), message] as const),
    ),
  )('because of %s in %s is refused by name and position, and never shown', async (_what, source, backend, given, message) => {
    const [vlm, keys] = given as [object, ModelKeys];

    const error = await rejection({ backend, ...vlm }, keys);

    expect(error).toMatchObject({ name: 'UsageError', message: expect.stringMatching(message) });
    expect(error.message).toContain(source);
    expect(error.stack).not.toMatch(/SECR/);
  });

  test('is not one that ends in a line break: it is trimmed', () => {
    expect(keysOf({ backend: 'openai' }, { openai: variable('OPENAI_API_KEY', ' sk-1\r\n') })).toEqual(['sk-1', 'sk-1']);
  });

  test.each([
    ['gemini', 'x-pass', 'SECRET\nSECRET'],
    ['openai', 'x-pass', 'SECRET–SECRET'],
    ['openai', 'x pass', 'SECRET'],
  ])('is no worse than a header of %s that cannot be sent: %s is named, its value is not', async (backend, name, value) => {
    const error = await rejection({ backend, [backend]: { default_headers: { [name]: value }, api_key: 'k' } }, {});

    expect(error).toMatchObject({ name: 'UsageError', message: expect.stringMatching(/default_headers.*cannot be sent/) });
    expect(error.stack).not.toContain('SECRET');
  });
});

describe('a key belongs to one host', () => {
  const [a, b] = ['http://127.0.0.1:8001/v1', 'http://127.0.0.1:8002/v1'];

  test('a variable belongs to the only host of the run', () => {
    expect(keysOf({ backend: 'openai', openai: { base_url: 'https://integrate.api.nvidia.com/v1' } }, openai)).toEqual([
      'value-of-OPENAI_API_KEY',
      'value-of-OPENAI_API_KEY',
    ]);
    expect(keysOf({ backend: 'openai', extraction: { openai: { base_url: a } }, grounding: { openai: { base_url: a } } }, openai)).toEqual([
      'value-of-OPENAI_API_KEY',
      'value-of-OPENAI_API_KEY',
    ]);
    expect(keysOf({ backend: 'gemini', gemini: { base_url: a } }, { google: variable('GOOGLE_API_KEY') }, ['1'])).toEqual([
      'value-of-GOOGLE_API_KEY',
    ]);
  });

  test.each([
    ['openai', 'OPENAI_API_KEY', openai],
    ['gemini', 'GOOGLE_API_KEY', { google: variable('GOOGLE_API_KEY') }],
  ] as const)(
    'with two hosts of %s, %s belongs to neither: the run stops before any byte and names the key to set',
    async (backend, name, keys) => {
      const [first, second] = [await listen(), await listen()];
      const vlm = {
        backend,
        [backend]: { base_url: `http://${first.host}/v1` },
        grounding: { [backend]: { base_url: `http://${second.host}/v1` } },
      };

      const error = await rejection(vlm, keys);

      expect(error).toMatchObject({ reason: 'unauthorized', message: expect.stringContaining(name) });
      expect(error.message).toMatch(new RegExp(`set vlm\\.${backend}\\.api_key`));
      expect(first.bytes + second.bytes).toBe(0);
    },
  );

  test('with two hosts each block has its own key, and each host gets its own', () => {
    const vlm = { backend: 'openai', openai: { base_url: a, api_key: 'key-a' }, grounding: { openai: { base_url: b, api_key: 'key-b' } } };

    expect(keysOf(vlm, {})).toEqual(['key-a', 'key-b']);
    expect(keysOf(vlm, openai)).toEqual(['key-a', 'key-b']);
  });

  test('with two hosts a block without its own key stops the run though the other has one', async () => {
    const vlm = { backend: 'openai', openai: { base_url: a }, grounding: { openai: { base_url: b, api_key: 'key-b' } } };

    expect(await rejection(vlm, openai)).toMatchObject({ message: expect.stringMatching(/extraction.*set vlm\.openai\.api_key/) });
  });

  test('two servers of one’s own need no key', () => {
    expect(keysOf({ backend: 'openai', openai: { base_url: a }, grounding: { openai: { base_url: b } } }, {})).toEqual(['', '']);
  });

  test('a step at another host does not inherit the key of its block', async () => {
    const foreign = await listen();
    const vlm = {
      backend: 'openai',
      openai: { api_key: 'key-of-openai' },
      grounding: { openai: { base_url: `http://${foreign.host}/v1` } },
    };

    const error = await rejection(vlm, {});

    expect(error).toMatchObject({
      reason: 'unauthorized',
      message: expect.stringMatching(/belongs to api\.openai\.com.*set vlm\.grounding\.openai\.api_key/),
    });
    expect(error.message).not.toContain('key-of-openai');
    expect(foreign.bytes).toBe(0);
  });

  test.each([
    ['default_headers', { Authorization: 'Bearer key-of-openai' }],
    ['extra_body', { access_token: 'key-of-openai' }],
  ])('a step at another host does not inherit a credential in %s of its block', async (setting, value) => {
    const vlm = { backend: 'openai', openai: { [setting]: value, api_key: 'k' }, grounding: { openai: { base_url: b, api_key: 'key-b' } } };

    const error = await rejection(vlm, {});

    expect(error.message).toMatch(new RegExp(`set vlm\\.grounding\\.openai\\.${setting}`));
    expect(error.message).not.toContain('key-of-openai');
    expect(keysOf({ ...vlm, grounding: { openai: { base_url: b, api_key: 'key-b', [setting]: {} } } }, {})).toEqual(['k', 'key-b']);
  });

  test('keys of a secret go by host, whatever the backend; a vendor without one is named, with the secret', async () => {
    const secret = {
      name: 'the-secret',
      byHost: new Map([
        ['api.openai.com', variable('entry', 'key-o')],
        ['openrouter.ai', variable('entry', 'key-r')],
      ]),
    };
    const two = { backend: 'openai', grounding: { openai: { base_url: 'https://openrouter.ai/api/v1' } } };

    expect(keysOf(two, { secret })).toEqual(['key-o', 'key-r']);
    expect(await rejection({ ...two, extraction: { backend: 'gemini' } }, { secret })).toMatchObject({
      reason: 'unauthorized',
      message: expect.stringMatching(/the secret the-secret has no entry for "generativelanguage\.googleapis\.com"/),
    });
  });

  test('two vendors with two keys in one run get each its own', async () => {
    const [google, other] = [await startDialectServer(geminiDialect), await startDialectServer(openAIDialect)];
    onTestFinished(async () => void (await Promise.all([google.close(), other.close()])));
    google.answer({ text: '{}' });
    other.answer({ text: '{}' });
    const vlm = {
      localisation_check: 'off',
      coordinates: 'xyxy-1000',
      gemini: { base_url: google.url },
      grounding: { backend: 'openai', openai: { base_url: `${other.url}/v1`, model_name: 'm' } },
    };

    const { extraction, grounding } = await connect(vlm, { ...openai, google: variable('GOOGLE_API_KEY') });
    await extraction.model.ask(question('a dog'), signal);
    await grounding.model.ask(question('a dog'), signal);

    expect(sentTo(google)).toEqual([['value-of-GOOGLE_API_KEY', null]]);
    expect(sentTo(other)).toEqual([[null, 'Bearer value-of-OPENAI_API_KEY']]);
  });
});

describe.each([geminiDialect, openAIDialect])('a call of the $backend backend', (dialect) => {
  async function ask(script: Parameters<Awaited<ReturnType<typeof startDialectServer>>['answer']>[0]) {
    const server = await startDialectServer(dialect);
    onTestFinished(() => server.close());
    server.answer(script);
    const at = dialect.backend === 'openai' ? { base_url: `${server.url}/v1`, model_name: 'm' } : { base_url: server.url };
    const vlm = {
      backend: dialect.backend,
      localisation_check: 'off',
      coordinates: 'xyxy-1000',
      [dialect.backend]: { ...at, api_key: 'a-key-to-keep' },
    };
    const { extraction } = await connect(vlm, {});
    const answer = await extraction.model.ask(question('a dog'), signal).then(
      ({ text }) => text,
      (error: Error) => error.message,
    );
    return { answer, server };
  }

  test.each([301, 302, 307, 308])('follows no redirect: after %i no byte reaches the target', async (status) => {
    const target = await listen();

    const { answer, server } = await ask({ status, body: {}, headers: { location: `http://${target.host}/v1/chat/completions` } });

    expect(answer).toMatch(/is not the API's address.*redirects to/);
    expect(server.requests).toHaveLength(1);
    expect(target.bytes).toBe(0);
  });

  test('no message contains a key that an answer echoes, even partly', async () => {
    const { answer: reply } = await ask({ text: 'you sent a-key-to-keep' });
    const { answer: refused } = await ask({ status: 401, body: { error: { message: `${'x'.repeat(291)} a-key-to-keep` } } });

    expect(reply).toBe('you sent <key>');
    expect(refused).not.toMatch(/a-key/);
  });
});

test('the OpenAI SDK’s variable for an administrator’s key does not go before the key', async () => {
  const server = await startDialectServer(openAIDialect);
  process.env.OPENAI_ADMIN_KEY = 'key-of-the-administrator';
  onTestFinished(async () => {
    delete process.env.OPENAI_ADMIN_KEY;
    await server.close();
  });
  server.answer({ text: '{}' });

  const { extraction } = await connect(
    {
      backend: 'openai',
      localisation_check: 'off',
      coordinates: 'xyxy-1000',
      openai: { base_url: `${server.url}/v1`, model_name: 'm', api_key: 'mine' },
    },
    {},
  );
  await extraction.model.ask(question('a dog'), signal);

  expect(sentTo(server)).toEqual([[null, 'Bearer mine']]);
});
