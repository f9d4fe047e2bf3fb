import { expect, test } from 'vitest';
import { type EndpointMemory, recallEndpoint } from '#models/endpoint-memory.ts';

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
  const first = await recallEndpoint(memory, 'http://gpu/v1', 'qwen');
  first.learn({ tier: 'json' });
  first.learn({ quirks: ['drop temperature'] });

  const second = await recallEndpoint(memory, 'http://gpu/v1', 'qwen');

  expect(second.known).toEqual({ tier: 'json', quirks: ['drop temperature'] });
});

test('one model’s knowledge is not another’s', async () => {
  const memory = createMemory();
  (await recallEndpoint(memory, 'http://gpu/v1', 'qwen')).learn({ tier: 'text' });

  const other = await recallEndpoint(memory, 'http://gpu/v1', 'gemma');

  expect(other.known.tier).toBe('schema');
});

test('unreadable memory is no memory', async () => {
  const memory = createMemory({ 'http://gpu/v1 qwen': { tier: 'best' } });

  expect((await recallEndpoint(memory, 'http://gpu/v1', 'qwen')).known).toEqual({ tier: 'schema', quirks: [] });
});

test('a memory that cannot be written does not disturb', async () => {
  const broken: EndpointMemory = { get: async () => undefined, set: async () => Promise.reject(new Error('read-only')) };
  const knowledge = await recallEndpoint(broken, 'http://gpu/v1', 'qwen');

  knowledge.learn({ tier: 'text' });

  expect(knowledge.known.tier).toBe('text');
});
