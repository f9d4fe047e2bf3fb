import { describe, expect, test } from 'vitest';
import type { ModelReply } from '#core/ports.ts';
import { noUsage } from '#core/usage.ts';
import { rejectsTier, runsInCircles, structuredFault } from '#models/structured-output.ts';
import { extractionSchema } from './questions.ts';

const reply = (text: string, more: Partial<ModelReply> = {}): ModelReply => ({
  text,
  finish: 'stop',
  tier: 'schema',
  usage: noUsage,
  ...more,
});

describe('structured output', () => {
  test.each([
    ['white space', `{"boxes":[${'\n '.repeat(300)}`],
    ['one box over and over', `{"boxes":[${'{"box_2d":[1,2,3,4],"label":"cat"},'.repeat(40)}`],
    ['one digit', `[0.3${'3'.repeat(400)}`],
  ])('a tail of %s runs in circles', (_what, text) => {
    expect(runsInCircles(text)).toBe(true);
  });

  test('a long sane list does not', () => {
    const boxes = Array.from({ length: 60 }, (_, i) => `{"box_2d":[${i * 7},${i * 3 + 2},${i * 11},${i}],"label":"cat"}`);

    expect(runsInCircles(`[${boxes.join(',')}`)).toBe(false);
  });

  test.each([
    ['JSON of the right form', reply('{"cleaned_caption":"a","expressions":[]}'), undefined],
    ['the same in a fence, after thoughts', reply('<think>hm</think>\n```json\n{"cleaned_caption":"a","expressions":[]}\n```'), undefined],
    ['prose', reply('I see a cat.'), 'invalid'],
    ['nothing', reply(''), 'invalid'],
    ['a list where an object was asked', reply('[1]'), 'ignored'],
    ['an object without the keys', reply('{"caption":"a"}'), 'ignored'],
    ['an object without the keys in JSON mode', reply('{"caption":"a"}', { tier: 'json' }), undefined],
    ['prose where words were asked', reply('I see a cat.', { tier: 'text' }), undefined],
    ['a sane truncation', reply('{"cleaned_caption":"a', { finish: 'length' }), undefined],
    ['a loop', reply(`{"a":${' '.repeat(400)}`, { finish: 'length' }), 'loop'],
    ['a refusal', reply('I cannot', { finish: 'refused' }), undefined],
  ])('%s', (_what, given, fault) => {
    expect(structuredFault(given, extractionSchema)).toBe(fault);
  });

  test.each([
    ["Invalid parameter: 'response_format' of type 'json_schema' is not supported", true],
    ['Failed to compile grammar', true],
    ['extra fields not permitted: response_format', true],
    ['Unable to process input image', false],
    ["This model's maximum context length is 4096 tokens", false],
  ])('"%s" is about structured output: %s', (message, expected) => {
    expect(rejectsTier(message)).toBe(expected);
  });
});
