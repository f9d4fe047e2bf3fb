import { expect, test } from 'vitest';
import { bodyBytes, imagePlaceholder } from '#models/adapters/body-bytes.ts';

const image = { bytes: Uint8Array.from([0xff, 0xd8, 0x00, 0x80]), mimeType: 'image/jpeg', width: 1, height: 1 };

test('the image stands in the body as a data URL, whatever the words are', () => {
  const body = { url: imagePlaceholder(image), text: 'Käse … 🐕 <base64> "quoted"' };

  expect(JSON.parse(Buffer.from(bodyBytes(body, image)).toString('utf8'))).toEqual({
    url: 'data:image/jpeg;base64,/9gAgA==',
    text: body.text,
  });
});

test('a body whose messages the user has replaced is sent unchanged', () => {
  expect(Buffer.from(bodyBytes({ messages: [] }, image)).toString()).toBe('{"messages":[]}');
});
