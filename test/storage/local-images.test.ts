import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { ImageStore } from '#core/ports.ts';
import { createLocalImages } from '#storage/local-images.ts';
import { describeImageStore } from './images-contract.ts';
import { tempFolder } from './temp-folder.ts';

const { signal } = new AbortController();
const nothing = () => {};
const settings = { image_root: '', allow_https: false, max_image_bytes: 1000 };

function put(path: string, text = 'bytes'): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}

const read = async (images: ImageStore, path: string) => Buffer.from(await images.read(path, signal)).toString();

describeImageStore('a directory', async () => {
  const folder = tempFolder();
  const images = createLocalImages({ settings, inputFolder: folder, notice: nothing });
  return {
    images,
    put: async (reference, bytes) => {
      mkdirSync(dirname(join(folder, reference)), { recursive: true });
      writeFileSync(join(folder, reference), bytes);
    },
  };
});

describe('local images', () => {
  it('are found by absolute path, then below image_root, then in the input folder', async () => {
    const [root, inputs] = [tempFolder(), tempFolder()];
    put(join(root, 'a.jpg'), 'root');
    put(join(inputs, 'a.jpg'), 'inputs');
    put(join(inputs, 'b.jpg'), 'inputs');
    const images = createLocalImages({ settings: { ...settings, image_root: root }, inputFolder: inputs, notice: nothing });

    expect(await read(images, join(inputs, 'a.jpg'))).toBe('inputs');
    expect(await read(images, 'a.jpg')).toBe('root');
    expect(await read(images, 'b.jpg')).toBe('inputs');
  });

  it('are found in the working folder last, with one notice', async () => {
    const notices: string[] = [];
    const images = createLocalImages({ settings, inputFolder: tempFolder(), notice: (message) => notices.push(message) });
    const before = { ...settings, max_image_bytes: 1_000_000 };
    const generous = createLocalImages({ settings: before, inputFolder: tempFolder(), notice: (message) => notices.push(message) });

    await generous.read('package.json', signal);
    await generous.stat('package.json', signal);
    await generous.stat('tsconfig.json', signal);

    expect(notices).toEqual([expect.stringMatching(/working folder.*shown once/)]);
    await expect(images.stat('no-such.jpg', signal)).rejects.toThrow(/looked for .*no-such\.jpg.*set data\.image_root/);
  });

  it.each([
    ['a folder', (path: string) => mkdirSync(path), 'image_unreadable', /is a folder/],
    ['an empty file', (path: string) => writeFileSync(path, ''), 'image_undecodable', /is empty/],
    ['a pipe that would never end', (path: string) => execFileSync('mkfifo', [path]), 'image_unreadable', /no regular file/],
  ])('fail the sample for %s', async (_, make, code, message) => {
    const folder = tempFolder();
    make(join(folder, 'x.jpg'));
    const images = createLocalImages({ settings, inputFolder: folder, notice: nothing });

    await expect(images.read('x.jpg', signal)).rejects.toMatchObject({ name: 'SampleError', code, message });
  });

  it.each([
    ['a NUL', 'a\0.jpg'],
    ['an endless name', `${'x'.repeat(5000)}.jpg`],
    ['a file as a folder', 'file/a.jpg'],
  ])('are not found for a path with %s', async (_, path) => {
    const folder = tempFolder();
    put(join(folder, 'file'));
    const images = createLocalImages({ settings, inputFolder: folder, notice: nothing });

    await expect(images.stat(path, signal)).rejects.toMatchObject({ name: 'SampleError', code: 'image_not_found' });
  });

  it.skipIf(process.getuid?.() === 0)('fail the sample when permissions deny reading', async () => {
    const folder = tempFolder();
    put(join(folder, 'x.jpg'));
    chmodSync(join(folder, 'x.jpg'), 0);
    const images = createLocalImages({ settings, inputFolder: folder, notice: nothing });

    await expect(images.read('x.jpg', signal)).rejects.toMatchObject({ code: 'image_unreadable', message: /EACCES/ });
  });

  it.each([
    ['file:///etc/passwd', /file:\/\/ addresses are not read/],
    ['http://example.com/a.jpg', /plain http is never read/],
    ['https://example.com/a.jpg', /data\.allow_https=true/],
    ['ftp://example.com/a.jpg', /ftp:\/\/ is not read/],
  ])('refuse %s with a suggested fix', async (reference, message) => {
    const images = createLocalImages({ settings, inputFolder: tempFolder(), notice: nothing });

    await expect(images.stat(reference, signal)).rejects.toMatchObject({ code: 'image_unreadable', message });
  });

  it('come from S3 for s3:// references and below an s3:// image_root', async () => {
    const asked: string[] = [];
    const s3: ImageStore = {
      stat: async (path) => ({ size: asked.push(path), stamp: 'e' }),
      read: async (path) => Buffer.from(path),
    };
    const options = { inputFolder: tempFolder(), notice: nothing, s3 };
    const plain = createLocalImages({ settings, ...options });
    const rooted = createLocalImages({ settings: { ...settings, image_root: 's3://bucket/img/' }, ...options });

    expect(await read(plain, 's3://bucket/a.jpg')).toBe('s3://bucket/a.jpg');
    expect(await read(rooted, 'x/a.jpg')).toBe('s3://bucket/img/x/a.jpg');
  });

  it('are not read after the run was aborted', async () => {
    const images = createLocalImages({ settings, inputFolder: tempFolder(), notice: nothing });

    await expect(images.read('a.jpg', AbortSignal.abort())).rejects.toMatchObject({ name: 'AbortError' });
  });
});
