import { ListMultipartUploadsCommand } from '@aws-sdk/client-s3';
import { describe, expect, it } from 'vitest';
import type { FileStore } from '#core/ports.ts';
import { createS3Files } from '#storage/s3/s3-files.ts';
import { faultyProxy } from '../faulty-proxy.ts';
import { describeFileStore } from '../files-contract.ts';
import { s3Available, serveS3 } from '../s3-server.ts';

async function write(files: FileStore, path: string, ...texts: string[]): Promise<void> {
  const writer = await files.create(path);
  for (const text of texts) await writer.write(text);
  await writer.close();
}

async function read(files: FileStore, path: string, range?: { start: number; end?: number }): Promise<string> {
  return Buffer.concat(await Array.fromAsync(files.read(path, range))).toString('utf8');
}

describe.skipIf(!s3Available)('with an S3 server (needs python3 with venv)', () => {
  const s3 = serveS3();

  describeFileStore('a prefix of a bucket', async () =>
    createS3Files({ client: s3.connect(), bucket: await s3.emptyBucket(), prefix: 'runs/d/id' }),
  );

  describe('files in S3', () => {
    it('are uploaded in parts of 16 MiB while they are written', async () => {
      const bucket = await s3.emptyBucket();
      const { url, seen } = await faultyProxy(s3.endpoint(), {});
      const files = createS3Files({ client: s3.connect({ endpoint: url }), bucket, prefix: 'runs' });
      const line = `${'ü'.repeat(511)}\n`;
      const lines = Array.from({ length: 35 * 1024 }, () => line);

      await write(files, 'annotations.jsonl', ...lines);

      expect(seen.filter((request) => request.startsWith('PUT'))).toHaveLength(3);
      expect(await files.size('annotations.jsonl')).toBe(35 * 1024 * Buffer.byteLength(line));
      expect((await read(files, 'annotations.jsonl')) === lines.join('')).toBe(true);
    });

    it('leave no upload behind when they are aborted', async () => {
      const bucket = await s3.emptyBucket();
      const files = createS3Files({ client: s3.connect(), bucket, prefix: 'runs' });
      const writer = await files.create('big');
      for (let i = 0; i < 40; i++) await writer.write('x'.repeat(1024 * 1024));

      await writer.abort();

      const { Uploads = [] } = await s3.connect().send(new ListMultipartUploadsCommand({ Bucket: bucket }));
      expect(Uploads).toEqual([]);
      expect(await files.size('big')).toBeUndefined();
    });

    it('resume after a broken connection at the same byte of the same object', async () => {
      const bucket = await s3.emptyBucket();
      const text = Array.from({ length: 60_000 }, (_, i) => `line ${i}\n`).join('');
      await write(createS3Files({ client: s3.connect(), bucket, prefix: '' }), 'lines', text);
      const { url, seen } = await faultyProxy(s3.endpoint(), { cutAfter: 200_000, cuts: 3 });

      const got = await read(createS3Files({ client: s3.connect({ endpoint: url }), bucket, prefix: '' }), 'lines', { start: 10 });

      expect(got === text.slice(10)).toBe(true);
      expect(seen).toHaveLength(4);
      expect(seen[1]).toMatch(/^GET \/bucket-\S+\/lines bytes=[1-9]\d+-$/);
    });

    it('fail when every connection breaks', async () => {
      const bucket = await s3.emptyBucket();
      await write(createS3Files({ client: s3.connect(), bucket, prefix: '' }), 'lines', 'x'.repeat(100_000));
      const { url } = await faultyProxy(s3.endpoint(), { cutAfter: 100 });

      await expect(read(createS3Files({ client: s3.connect({ endpoint: url }), bucket, prefix: '' }), 'lines')).rejects.toThrow();
    });

    it('retry throttled requests', async () => {
      const bucket = await s3.emptyBucket();
      let refusals = 1;
      const { url } = await faultyProxy(s3.endpoint(), {
        fault: (_method, _url, response) => {
          if (refusals-- <= 0) return false;
          response.writeHead(503, { 'content-type': 'application/xml' });
          response.end('<Error><Code>SlowDown</Code><Message>Reduce your request rate</Message></Error>');
          return true;
        },
      });
      const files = createS3Files({ client: s3.connect({ endpoint: url }), bucket, prefix: '' });

      await write(files, 'a', 'kept');

      expect(await read(files, 'a')).toBe('kept');
    });

    it('report a failed upload at the next write or at close', async () => {
      const files = createS3Files({ client: s3.connect(), bucket: 'no-such-bucket', prefix: '' });

      await expect(write(files, 'a', 'x')).rejects.toThrow(/bucket/i);
      await expect(write(files, 'b', ...Array.from({ length: 80 }, () => 'x'.repeat(1024 * 1024)))).rejects.toThrow(/bucket/i);
    });

    it('are listed beyond one page', async () => {
      const bucket = await s3.emptyBucket();
      const names = ['parts/1', 'parts/2', 'parts/a/3', 'parts/a/4', 'parts/b'];
      await Promise.all(names.map((name) => s3.put(bucket, `run/${name}`, Buffer.from('x'))));
      const client = s3.connect();
      let pages = 0;
      client.middlewareStack.add(
        (next) => (args) => {
          pages += 1;
          return next({ ...args, input: { ...args.input, MaxKeys: 2 } });
        },
        { step: 'initialize' },
      );
      const files = createS3Files({ client, bucket, prefix: 'run' });

      expect(await Array.fromAsync(files.list('parts/'))).toEqual(names);
      expect(pages).toBe(3);
    });
  });
});
