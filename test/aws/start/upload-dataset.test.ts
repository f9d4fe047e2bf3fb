import { readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { HeadObjectCommand, ListObjectsV2Command } from '@aws-sdk/client-s3';
import { describe, expect, it } from 'vitest';
import { uploadDataset } from '#aws/start/upload-dataset.ts';
import { drawImage, writeInput } from '#test/cli/command-line.ts';
import { s3Available, serveS3 } from '#test/storage/s3-server.ts';
import { tempFolder } from '#test/storage/temp-folder.ts';

const server = serveS3();

async function open(paths: readonly string[], images: readonly string[]) {
  const [folder, bucket, s3] = [tempFolder(), await server.emptyBucket(), server.connect()];
  writeInput(folder, ['not json', ...paths.map((image_path) => ({ image_path, caption: 'a red car' }))], images);
  const progress: object[] = [];
  return {
    folder,
    bucket,
    progress,
    put: (key: string, body: Uint8Array) => server.put(bucket, key, body),
    keys: async () => ((await s3.send(new ListObjectsV2Command({ Bucket: bucket }))).Contents ?? []).map(({ Key }) => Key),
    head: (Key: string) => s3.send(new HeadObjectCommand({ Bucket: bucket, Key })),
    upload: ({ captions = join(folder, 'captions.jsonl'), imageRoot = '', signal = new AbortController().signal } = {}) =>
      uploadDataset({
        s3,
        bucket,
        dataset: 'd',
        captions,
        imageRoot,
        imageFolders: [join(folder, 'elsewhere'), folder],
        spec: undefined,
        onProgress: (counts) => progress.push(counts),
        signal,
      }),
  };
}

describe.skipIf(!s3Available)('the upload of a dataset', { timeout: 60_000 }, () => {
  it('uploads each image once and names the first one that is neither here nor there', async () => {
    const { upload, keys, put, progress } = await open(
      ['img/a.png', 'img/a.png', 'img/gone.png', 'img/there.png', 's3://other/b.png', '../out.png', 'img'],
      ['img/a.png'],
    );
    await put('inputs/d/img/there.png', Buffer.from('an image'));

    expect(await upload()).toEqual({ key: 'inputs/d/captions.jsonl', uploaded: 1, kept: 2, missing: 3, firstMissing: 'img/gone.png' });
    expect(await keys()).toEqual(['inputs/d/captions.jsonl', 'inputs/d/img/a.png', 'inputs/d/img/there.png']);
    expect(progress.at(-1)).toEqual({ done: 3, failed: 3, cached: 2 });
  });

  it('uploads an image again that is newer or of another size, and skips an equal one', async () => {
    const { upload, folder } = await open(['img/a.png', 'img/b.png', 'img/c.png'], ['img/a.png', 'img/b.png', 'img/c.png']);
    await upload();
    drawImage(join(folder, 'img/a.png'), 'a comment that makes the file longer');
    const later = new Date(Date.now() + 60_000);
    utimesSync(join(folder, 'img/b.png'), later, later);

    expect(await upload()).toMatchObject({ uploaded: 2, kept: 1 });
  });

  it('uploads absolute paths to the keys that a run reads, and more images than go at once', async () => {
    const many = Array.from({ length: 40 }, (_, i) => `img/${i}.png`);
    const { upload, folder, keys } = await open(many, many);
    const captions = join(folder, 'absolute.jsonl');
    writeFileSync(captions, `${JSON.stringify({ image_path: join(folder, 'img/0.png'), caption: 'a red car' })}\n`);

    expect(await upload()).toMatchObject({ uploaded: 40 });
    expect(await upload({ captions })).toMatchObject({ uploaded: 1 });
    expect(await keys()).toContain(join(folder, 'img/0.png').slice(1));
  });

  it('keeps gzip captions as they are, below image roots of their own', async () => {
    const { upload, folder, keys, head } = await open(['a.png'], ['a.png']);
    const captions = join(folder, 'captions.jsonl.gz');
    writeFileSync(captions, gzipSync(readFileSync(join(folder, 'captions.jsonl'))));

    expect(await upload({ captions, imageRoot: 'pictures' })).toMatchObject({ key: 'inputs/d/captions.jsonl.gz', uploaded: 1 });
    expect(await keys()).toEqual(['inputs/d/captions.jsonl.gz', 'inputs/d/pictures/a.png']);
    expect((await head('inputs/d/captions.jsonl.gz')).ContentLength).toBe(readFileSync(captions).length);
  });

  it('ends before any upload for captions that cannot be read, and when it is aborted', async () => {
    const { upload, folder, keys } = await open(['a.png'], ['a.png']);

    await expect(upload({ captions: join(folder, 'none.jsonl') })).rejects.toThrow(/cannot read the captions .*none\.jsonl \(ENOENT\)/);
    await expect(upload({ signal: AbortSignal.abort(new Error('stopped by the user')) })).rejects.toThrow('stopped by the user');
    expect(await keys()).toEqual([]);
  });
});
