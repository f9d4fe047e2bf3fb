import { describe, expect, it } from 'vitest';
import type { ModelReply, ModelRequest, VisionLanguageModel } from '#core/ports.ts';
import { cutReplyHead, openConversation } from '#steps/conversation.ts';
import { question } from '#test/models/questions.ts';

const { image, ...asked } = question('a caption');
const usage = { calls: 1, input: 1, cachedInput: 0, output: 1, thinking: 0 };

function modelOf(finish: ModelReply['finish']) {
  const requests: ModelRequest[] = [];
  const model: VisionLanguageModel = {
    backend: 'openai',
    model: 'm',
    async ask(request) {
      requests.push(request);
      return { text: '', finish, tier: request.tier, usage };
    },
  };
  const ask = () => openConversation({ model, image, signal: new AbortController().signal }).ask(asked);
  return { requests, ask };
}

describe('a conversation with a model', () => {
  it('raises the token limit for a model after several replies that were cut off', async () => {
    const { requests, ask } = modelOf('length');

    for (let call = 0; call < 4; call++) await ask();

    expect(requests.map(({ maxTokens }) => maxTokens)).toEqual([1024, 1024, 1024, 4096]);
  });

  it('keeps the token limit for a model with complete replies', async () => {
    const { requests, ask } = modelOf('stop');

    for (let call = 0; call < 5; call++) await ask();

    expect(requests.every(({ maxTokens }) => maxTokens === 1024)).toBe(true);
  });

  it('quotes at most 500 bytes of a reply, cut between characters', () => {
    expect(cutReplyHead('short')).toBe('short');
    expect(cutReplyHead(`a${'🚗'.repeat(1000)}`)).toBe(`a${'🚗'.repeat(124)}`);
    expect(cutReplyHead('é'.repeat(1000))).toBe('é'.repeat(250));
  });
});
