import { describe, expect, it } from 'vitest';
import { keysOfSecret } from '#aws/runtime/model-secret.ts';
import { vendorHosts } from '#core/hosts/model-hosts.ts';

/** Host and key of a secret, in an environment that allows these hosts. */
function keysOf(secret: object, modelHosts: readonly string[] = vendorHosts, ownHosts: readonly string[] = []) {
  const { secret: read } = keysOfSecret(JSON.stringify(secret), 'the-secret', { modelHosts, ownHosts });
  return Object.fromEntries([...(read?.byHost ?? [])].map(([host, { value }]) => [host, value]));
}

describe('the secret of an environment', () => {
  it('maps each host to its key', () => {
    const secret = { 'API.openai.com': 'o\n', 'integrate.api.nvidia.com': 'n', '10.0.1.5:8000': 'own', 'not.allowed.example': 'x' };

    expect(keysOf(secret, [...vendorHosts, '10.0.1.5:8000'])).toEqual({
      'api.openai.com': 'o',
      'integrate.api.nvidia.com': 'n',
      '10.0.1.5:8000': 'own',
    });
  });

  it('keeps its short names, each for the vendor it is named after', () => {
    expect(keysOf({ GOOGLE_API_KEY: 'g', OPENAI_API_KEY: 'o', unused: 'x' })).toEqual({
      'generativelanguage.googleapis.com': 'g',
      'api.openai.com': 'o',
    });
  });

  it.each([
    ['one host beyond the default list', [...vendorHosts, 'gpu.example.com'], 'gpu.example.com'],
    ['one host in place of the default list', ['integrate.api.nvidia.com'], 'integrate.api.nvidia.com'],
    ['two hosts beyond the default list', [...vendorHosts, 'a.example', 'b.example'], undefined],
    ['the default list', vendorHosts, undefined],
  ])('gives OPENAI_API_KEY to OpenAI, and where the environment names %s to that', (_, modelHosts, other) => {
    const keys = keysOf({ OPENAI_API_KEY: 'o' }, modelHosts);

    expect(keys).toEqual({ 'api.openai.com': 'o', ...(other === undefined ? {} : { [other]: 'o' }) });
  });

  it('prefers the key of a host to a short name, and accepts an empty key for a server without keys', () => {
    const hosts = [...vendorHosts, '10.0.1.5:8000'];

    expect(keysOf({ OPENAI_API_KEY: 'o', 'api.openai.com': 'p', '10.0.1.5:8000': '' }, hosts)).toEqual({
      'api.openai.com': 'p',
      '10.0.1.5:8000': '',
    });
  });

  it('needs no key for a private host, nor for a server of the environment’s own', () => {
    expect(keysOf({}, [...vendorHosts, '10.0.1.5:8000', 'gpu.example.com', 'paid.example.com'], ['gpu.example.com'])).toEqual({
      '10.0.1.5:8000': '',
      'gpu.example.com': '',
    });
  });

  it.each(['', 'sk-SECRET', '["sk-SECRET"]', '{"api.openai.com":{"key":"sk-SECRET"}}'])(
    'that is no map of texts is refused without being shown: %s',
    (text) => {
      expect(() => keysOfSecret(text, 'the-secret', { modelHosts: [], ownHosts: [] })).toThrow(
        /^the secret the-secret cannot be read: got other text, expected JSON like (?!.*SECRET)/,
      );
    },
  );
});
