import { createHash, randomBytes } from 'node:crypto';
import { AbortMultipartUploadCommand, GetObjectCommand, HeadObjectCommand } from '@aws-sdk/client-s3';
import { describe, expect, it } from 'vitest';
import { copyObject } from '#aws/collect/copy-object.ts';
import { LostUploadError, openUpload, UploadState } from '#aws/run-state/resumable-upload.ts';
import { s3Available, serveS3 } from '#test/storage/s3-server.ts';

const server = serveS3();
/** Minimum size that S3 requires of every part but the last. */
const partBytes = 5 * 1024 * 1024;

async function open() {
  const client = server.connect();
  const bucket = await server.emptyBucket();
  const read = async (Key: string) =>
    Buffer.from((await (await client.send(new GetObjectCommand({ Bucket: bucket, Key }))).Body?.transformToByteArray()) ?? []);
  return { client, bucket, read };
}

/** Random lines of text, so that a wrong byte is detected. */
const linesOf = (bytes: number) => Array.from({ length: Math.ceil(bytes / 1000) }, () => `${randomBytes(499).toString('hex')}\u00fc\n`);

describe.skipIf(!s3Available)('an upload written by several function calls', { timeout: 60_000 }, () => {
  it.each([
    ['of nothing', 0, 0],
    ['smaller than a part', 20_000, 3],
    ['of several parts, suspended between and within them', 17_000_000, 5],
  ])('%s is the same object as one written at once', async (_, bytes, cuts) => {
    const { client, bucket, read } = await open();
    const upload = { client, bucket, key: 'results/a.jsonl', tailKey: 'work/a.tail', partBytes };
    const lines = linesOf(bytes);
    let writer = await openUpload(upload);

    for (const [index, line] of lines.entries()) {
      await writer.write(line);
      if (cuts > 0 && index % Math.ceil(lines.length / cuts) === 7) {
        const state = UploadState.parse(JSON.parse(JSON.stringify(await writer.save())));
        writer = await openUpload({ ...upload, state });
      }
    }
    const facts = await writer.close();

    const text = Buffer.from(lines.join(''));
    expect((await read('results/a.jsonl')).equals(text)).toBe(true);
    expect(facts).toEqual({ sha256: createHash('sha256').update(text).digest('hex'), bytes: text.length, lines: lines.length });
  });

  it('has the same bytes when a call dies before its state is stored', async () => {
    const { client, bucket, read } = await open();
    const upload = { client, bucket, key: 'a', tailKey: 't', partBytes };
    const lines = linesOf(20_000_000);
    const writeFrom = async (state: UploadState | undefined, from: number, to: number) => {
      const writer = await openUpload({ ...upload, state });
      for (const line of lines.slice(from, to)) await writer.write(line);
      return writer;
    };
    const stored = await (await writeFrom(undefined, 0, 7_000)).save();
    await (await writeFrom(stored, 7_000, 14_321)).save();

    const facts = await (await writeFrom(stored, 7_000, lines.length)).close();

    const text = Buffer.from(lines.join(''));
    expect((await read('a')).equals(text)).toBe(true);
    expect(facts.sha256).toBe(createHash('sha256').update(text).digest('hex'));
  });

  it('has the same bytes when a call dies after close, and the next call closes it again', async () => {
    const { client, bucket, read } = await open();
    const lines = linesOf(17_000_000);
    const first = await openUpload({ client, bucket, key: 'a', tailKey: 't', partBytes });
    for (const line of lines.slice(0, 6_000)) await first.write(line);
    const state = await first.save();
    const close = async () => {
      const writer = await openUpload({ client, bucket, key: 'a', tailKey: 't', partBytes, state });
      for (const line of lines.slice(6_000)) await writer.write(line);
      return writer.close();
    };

    const facts = [await close(), await close()];

    expect(facts[1]).toEqual(facts[0]);
    expect((await read('a')).equals(Buffer.from(lines.join('')))).toBe(true);
  });

  it('throws LostUploadError when the upload of its state no longer exists', async () => {
    const { client, bucket } = await open();
    const upload = { client, bucket, key: 'a', tailKey: 't', partBytes };
    const first = await openUpload(upload);
    for (const line of linesOf(6_000_000)) await first.write(line);
    const state = await first.save();

    await expect(openUpload({ ...upload, state: { ...state, tailBytes: state.tailBytes - 1 } })).rejects.toThrow(LostUploadError);
    await expect(openUpload({ ...upload, state, tailKey: 'other' })).rejects.toThrow(LostUploadError);
    await client.send(new AbortMultipartUploadCommand({ Bucket: bucket, Key: 'a', UploadId: state.uploadId }));
    await expect((await openUpload({ ...upload, state })).close()).rejects.toThrow(LostUploadError);
  });

  it('does not exist before it is closed', async () => {
    const { client, bucket } = await open();
    const writer = await openUpload({ client, bucket, key: 'a', tailKey: 't', partBytes });
    for (const line of linesOf(6_000_000)) await writer.write(line);
    await writer.save();

    await expect(client.send(new HeadObjectCommand({ Bucket: bucket, Key: 'a' }))).rejects.toThrow();
  });
});

describe.skipIf(!s3Available)('a copy within a bucket', { timeout: 60_000 }, () => {
  it.each([
    ['at once', 100_000],
    ['in parts', 12_000_000],
  ])('%s has the same bytes, under any name', async (_, bytes) => {
    const { client, bucket, read } = await open();
    const body = randomBytes(bytes);
    await server.put(bucket, 'runs/a b/ü+1/from', body);

    await copyObject({ client, bucket, from: 'runs/a b/ü+1/from', to: 'runs/a b/ü+1/to', bytes, partBytes });

    expect((await read('runs/a b/ü+1/to')).equals(body)).toBe(true);
  });
});
