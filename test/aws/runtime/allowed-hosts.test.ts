import { describe, expect, it } from 'vitest';
import { requireRunnable } from '#aws/prepare/resolve-spec.ts';
import { requireAllowedHosts } from '#aws/runtime/allowed-hosts.ts';
import { vendorHosts } from '#core/hosts/model-hosts.ts';
import { Settings } from '#core/settings.ts';

const settingsOf = (openai: object, vlm: object = {}) => Settings.parse({ vlm: { backend: 'openai', openai, ...vlm } });
const refusal = (openai: object, hosts: readonly string[] = vendorHosts, vlm: object = {}): string => {
  try {
    const settings = settingsOf(openai, vlm);
    requireRunnable(settings, 'spec.yaml', 'the-secret');
    requireAllowedHosts(settings, hosts);
    return '';
  } catch (error) {
    expect(error).toMatchObject({ name: 'UsageError' });
    return (error as Error).message;
  }
};

describe('an uploaded spec', () => {
  it.each([
    ['a foreign host', 'https://evil.example/v1'],
    ['a private address that the environment does not name', 'http://10.0.1.5:8000/v1'],
    ['the address of instance metadata', 'http://169.254.169.254/latest/meta-data'],
    ['the runtime of its own function', 'http://127.0.0.1:9001/2018-06-01'],
    ['a private address in other words', 'http://0x7f.1:9001/v1'],
    ['a host whose name begins like an allowed one', 'https://api.openai.com.evil.example/v1'],
    ['a host whose name ends like an allowed one', 'https://evil-api.openai.com/v1'],
    ['a subdomain of an allowed host', 'https://eu.api.openai.com/v1'],
    ['an allowed host with a dot at its end', 'https://api.openai.com./v1'],
    ['another port of an allowed host', 'https://api.openai.com:8443/v1'],
    ['a letter that only looks like the one of an allowed host', 'https://api.օpenai.com/v1'],
  ])('may not send calls to %s', (_, base_url) => {
    expect(refusal({ base_url })).toMatch(
      /^vlm\.openai\.base_url is not allowed here: got the host \S+, expected one of .*fix: .*add "\S+" to modelHosts/,
    );
  });

  it.each([
    ['a user name that looks like an allowed host', 'https://api.openai.com@evil.example/v1', /holds a (?:secret|user name)/],
    ['a password', 'https://me:hunter2@api.openai.com/v1', /holds a secret|user name or password/],
    ['a backslash before the host', 'https:\\\\evil.example\\@api.openai.com/v1', /got the host evil\.example/],
    ['a key in its query', 'https://api.openai.com/v1?key=abc', /holds a secret|query/],
    ['a code in its query', 'https://api.openai.com/v1?code=abc', /holds a secret|query/],
    ['any query', 'https://api.openai.com/v1?x=abc', /query/],
    ['plain http to a public host', 'http://api.openai.com/v1', /got http to the public host/],
    ['no address', 'api.openai.com/v1', /got no web address/],
    ['an address of files', 'file:///etc/passwd', /got no web address/],
  ])('may not have an address with %s', (_, base_url, message) => {
    expect(refusal({ base_url })).toMatch(message);
  });

  it.each([
    ['Authorization', 'x'],
    ['x-functions-code', 'x'],
    ['X-Pass', 'x'],
    ['X-Session', 'x'],
    ['X-PAT', 'x'],
    ['X-JWT', 'x'],
    ['X-Sig', 'x'],
    ['X-Custom', 'Bearer abc'],
    ['X-Custom', 'sk-abcdefgh12345678'],
    ['X-Custom', 'Zm9vYmFyYmF6cXV4MTIzNDU2Nzg5'],
  ])('may not contain a credential in the header %s', (name, value) => {
    expect(refusal({ default_headers: { [name]: value } })).toMatch(
      /holds a secret \(image_grounding\.vlm\.openai\.default_headers\.\S+\)/,
    );
  });

  it.each([
    ['a token', { access_token: 'abc' }],
    ['a section of credentials', { auth: { bearer: 'abc' } }],
    ['a list of keys', { api_keys: ['abc'] }],
    ['a password of digits', { password: 123456 }],
    ['one deep inside', { provider: { options: { api_key: 'abc' } } }],
  ])('may not contain %s in its body', (_, extra_body) => {
    expect(refusal({ extra_body })).toMatch(/holds a secret \(image_grounding\.vlm\.openai\.extra_body/);
  });

  it.each(['Host', 'x-forwarded-host', 'Transfer-Encoding'])('may not route a call to another host with the header %s', (name) => {
    expect(refusal({ default_headers: { [name]: 'evil.example' } })).toMatch(
      /default_headers is not allowed here: got .* can route a call to another host/,
    );
  });

  it('is checked for the hosts of the steps that run, overrides included', () => {
    const foreign = { openai: { base_url: 'https://evil.example/v1' } };

    expect(refusal({}, vendorHosts, { grounding: foreign })).toMatch(
      /^vlm\.grounding\.openai\.base_url is not allowed here: got the host evil\.example/,
    );
    expect(refusal({ base_url: 'https://evil.example/v1' }, vendorHosts, { backend: 'gemini' })).toBe('');
  });

  it.each([
    ['the vendors by default', { base_url: 'https://openrouter.ai/api/v1' }, vendorHosts],
    ['OpenAI where nothing is said', {}, vendorHosts],
    ['a private server that the environment names, by http', { base_url: 'http://10.0.1.5:8000/v1' }, ['10.0.1.5:8000']],
    ['a subdomain that the environment names', { base_url: 'https://my-team.openai.azure.com' }, ['my-team.openai.azure.com']],
  ])('may use %s', (_, openai, hosts) => {
    expect(refusal(openai, hosts)).toBe('');
  });

  it('may have headers and parameters without credentials', () => {
    const extra_body = { stop_token_ids: [1], max_tokens: 5, guided_json: { properties: { author: { type: 'string' } } } };
    const default_headers = {
      'x-team': 'vision',
      'HTTP-Referer': 'https://example.com',
      'OpenAI-Organization': 'org-abcdefghijklmnop12345678',
    };

    expect(refusal({ extra_body, default_headers })).toBe('');
  });
});
