import { expect, test } from 'vitest';
import { type EndpointMemory, recallCapabilities } from '#models/endpoint-capabilities.ts';

function createMemory(start: Record<string, unknown> = {}): EndpointMemory & { values: Record<string, unknown> } {
  const values = { ...start };
  return {
    values,
    get: async (key) => values[key],
    set: async (key, value) => {
      values[key] = value;
    },
  };
}

test('what is learned of an endpoint is there in the next run', async () => {
  const memory = createMemory();
  const first = await recallCapabilities(memory, 'http://gpu/v1', 'qwen');
  first.update({ tier: 'json' });
  first.update({ quirks: ['drop temperature'] });

  const second = await recallCapabilities(memory, 'http://gpu/v1', 'qwen');

  expect(second.current).toEqual({ tier: 'json', quirks: ['drop temperature'] });
});

test('one model’s knowledge is not another’s', async () => {
  const memory = createMemory();
  (await recallCapabilities(memory, 'http://gpu/v1', 'qwen')).update({ tier: 'text' });

  const other = await recallCapabilities(memory, 'http://gpu/v1', 'gemma');

  expect(other.current.tier).toBe('schema');
});

test('unreadable memory is no memory', async () => {
  const memory = createMemory({ 'http://gpu/v1 qwen': { tier: 'best' } });

  expect((await recallCapabilities(memory, 'http://gpu/v1', 'qwen')).current).toEqual({ tier: 'schema', quirks: [] });
});

test('a memory that cannot be written does not disturb', async () => {
  const broken: EndpointMemory = { get: async () => undefined, set: async () => Promise.reject(new Error('read-only')) };
  const capabilities = await recallCapabilities(broken, 'http://gpu/v1', 'qwen');

  capabilities.update({ tier: 'text' });

  expect(capabilities.current.tier).toBe('text');
});
