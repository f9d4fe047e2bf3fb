import { describe, expect, it } from 'vitest';
import { isHostName, isPrivateHost, readHost, vendorHosts } from '#core/hosts/model-hosts.ts';

describe('the host of an address', () => {
  it.each([
    ['https://api.openai.com/v1', 'api.openai.com'],
    ['HTTPS://API.OpenAI.com:443/v1', 'api.openai.com'],
    ['http://10.0.1.5:8000', '10.0.1.5:8000'],
    ['https://api.openai.com@evil.example/v1', 'evil.example'],
    ['https://api.openai.com.evil.example/v1', 'api.openai.com.evil.example'],
    ['https://api.openai.com./v1', 'api.openai.com.'],
    ['https:\\\\evil.example\\@api.openai.com', 'evil.example'],
    ['http://0x7f.1:80/', '127.0.0.1'],
    ['file:///etc/passwd', undefined],
    ['localhost:8000/v1', undefined],
    ['', undefined],
  ])('of %s is %s', (address, host) => {
    expect(readHost(address)).toBe(host);
  });

  it.each([
    '127.0.0.1:8000',
    '10.0.1.5',
    '192.168.0.4:1',
    '[::1]:8000',
    '[fd00::1]',
    'localhost',
    'localhost:11434',
    'vlm',
    'vlm.internal',
    'a.local',
    'vlm.team.svc',
    '169.254.169.254',
  ])('%s is private', (host) => {
    expect(isPrivateHost(host)).toBe(true);
  });

  it.each([
    'api.openai.com',
    'api.deepseek.com',
    'bedrock-mantle.us-east-1.api.aws',
    'localhost.example.com',
    'internal.example.com',
    '8.8.8.8',
    '[2606:4700::1111]',
    'evil.example:8000',
  ])('%s is public', (host) => {
    expect(isPrivateHost(host)).toBe(false);
  });

  it('has a name that stands in a list as it is compared', () => {
    expect(vendorHosts.filter((host) => !isHostName(host))).toEqual([]);
    expect(
      ['https://a.example', 'a.example/v1', '*.example.com', 'A.example', 'a.example:443', 'me@a.example', ''].filter(isHostName),
    ).toEqual([]);
    expect(['a.example', 'a.example:8443', '10.0.0.1:8000', '[::1]:8000'].every(isHostName)).toBe(true);
  });
});
