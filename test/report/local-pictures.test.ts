import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { localPictureLink } from '#report/local-picture-link.ts';
import { findLocalPictures } from '#report/local-pictures.ts';
import { scratchFolder } from './report-in-folder.ts';

let folder: string;
beforeEach(async () => {
  folder = await scratchFolder();
  for (const place of ['first', 'second', 'results']) await mkdir(join(folder, place));
  await writeFile(join(folder, 'second', 'a.jpg'), 'second');
});
afterEach(() => rm(folder, { recursive: true }));

const pictures = () => findLocalPictures(join(folder, 'results'), [join(folder, 'first'), join(folder, 'second')]);
const signal = new AbortController().signal;

describe('pictures on this disk', () => {
  it('are looked for below each base in turn', async () => {
    expect(Buffer.from(await pictures().images.read('a.jpg', signal)).toString()).toBe('second');

    await writeFile(join(folder, 'first', 'a.jpg'), 'first');
    expect(Buffer.from(await pictures().images.read('a.jpg', signal)).toString()).toBe('first');
  });

  it('are linked relative to the report', async () => {
    expect(await pictures().linkTo('a.jpg')).toEqual({ href: './../second/a.jpg' });
    expect(await pictures().linkTo(join(folder, 'second', 'a.jpg'))).toEqual({ href: './../second/a.jpg' });
  });

  it('are not linked where there are none', async () => {
    for (const path of ['b.jpg', '', 's3://bucket/a.jpg', 'https://example.org/a.jpg', 'javascript:alert(1)', 'file:%zz'])
      expect(await pictures().linkTo(path)).toBeUndefined();
  });

  it('fail by name where there are none', async () => {
    await expect(pictures().images.read('b.jpg', signal)).rejects.toMatchObject({ code: 'image_not_found' });
  });
});

describe('a link to a picture', () => {
  it('encodes every character that an address would read otherwise', () => {
    expect(localPictureLink('/r', '/r/img/50% #1?"<>.jpg').href).toBe('./img/50%25%20%231%3F%22%3C%3E.jpg');
  });

  it('never becomes a scheme', () => {
    expect(localPictureLink('/r', '/r/javascript:alert(1)').href).toBe('./javascript%3Aalert(1)');
  });
});
