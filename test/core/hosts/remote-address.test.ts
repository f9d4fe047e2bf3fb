import { expect, test } from 'vitest';
import { isAbsoluteReference, isRemoteAddress } from '#core/hosts/remote-address.ts';

test.each(['https://a/b.jpg', 'S3://bucket/key', 'file:///a.jpg', 'svn+ssh://host'])('%s is an address', (text) => {
  expect(isRemoteAddress(text)).toBe(true);
});

test.each(['img/a.jpg', '/data/a.jpg', 'C:\\a.jpg', 'a b://c', '3d://model', '//host/share'])('%s is no address', (text) => {
  expect(isRemoteAddress(text)).toBe(false);
});

test('an absolute reference is an address or begins with a slash', () => {
  expect(['/data/a.jpg', 's3://bucket/key', 'img/a.jpg', ''].map(isAbsoluteReference)).toEqual([true, true, false, false]);
});
