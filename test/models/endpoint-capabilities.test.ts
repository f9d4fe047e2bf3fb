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

test('capabilities of an endpoint are stored for the next run', async () => {
  const memory = createMemory();
  const first = await recallCapabilities(memory, 'http://gpu/v1', 'qwen');
  first.update({ tier: 'json' });
  first.update({ adjustments: ['drop temperature'] });

  expect(memory.values['http://gpu/v1 qwen']).toEqual({ tier: 'json', quirks: ['drop temperature'] });
  const second = await recallCapabilities(memory, 'http://gpu/v1', 'qwen');

  expect(second.current).toEqual({ tier: 'json', adjustments: ['drop temperature'] });
});

test('capabilities of one model do not apply to another', async () => {
  const memory = createMemory();
  (await recallCapabilities(memory, 'http://gpu/v1', 'qwen')).update({ tier: 'text' });

  const other = await recallCapabilities(memory, 'http://gpu/v1', 'gemma');

  expect(other.current.tier).toBe('schema');
});

test('unreadable capabilities count as none', async () => {
  const memory = createMemory({ 'http://gpu/v1 qwen': { tier: 'best' } });

  expect((await recallCapabilities(memory, 'http://gpu/v1', 'qwen')).current).toEqual({ tier: 'schema', adjustments: [] });
});

test('a store that cannot be written changes nothing in this run', async () => {
  const broken: EndpointMemory = { get: async () => undefined, set: async () => Promise.reject(new Error('read-only')) };
  const capabilities = await recallCapabilities(broken, 'http://gpu/v1', 'qwen');

  capabilities.update({ tier: 'text' });

  expect(capabilities.current.tier).toBe('text');
});
