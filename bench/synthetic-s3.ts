import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** An object that is made up as it is read. */
export interface SyntheticObject {
  readonly size: number;
  read(start: number, end: number): AsyncIterable<Uint8Array> | Iterable<Uint8Array>;
}

export interface SyntheticS3Options {
  /** Objects that are not stored but made up. */
  readonly object: (key: string) => SyntheticObject | undefined;
  /** Names below a prefix, in order. */
  readonly list: (prefix: string) => readonly string[];
}

export interface SyntheticS3 {
  readonly endpoint: string;
  readonly stored: ReadonlyMap<string, Buffer>;
  readonly written: Record<string, number>;
  close(): void;
}

/** Larger objects are counted and thrown away. */
const KEPT_BYTES = 64 * 1024 * 1024;

/** As much of S3 as prepare and collect ask for, fast enough to be no part of what is measured: large objects are never held. */
export async function serveSyntheticS3({ object, list }: SyntheticS3Options): Promise<SyntheticS3> {
  const stored = new Map<string, Buffer>();
  const written: Record<string, number> = {};
  const keep = (key: string, chunks: Buffer[], bytes: number) => {
    written[key] = (written[key] ?? 0) + bytes;
    if (chunks.length > 0) stored.set(key, Buffer.concat(chunks));
  };

  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    const url = new URL(request.url ?? '/', 'http://s3');
    const key = decodeURIComponent(url.pathname.split('/').slice(2).join('/'));
    if (request.method === 'GET' && url.searchParams.has('list-type')) return sendList(response, url, list);
    if (request.method === 'GET' || request.method === 'HEAD') {
      const found = storedObject(stored.get(key)) ?? object(key);
      return found ? sendObject(request, response, found) : response.writeHead(404).end();
    }
    if (request.method === 'DELETE') return response.writeHead(204).end();
    const { chunks, bytes } = await drain(request);
    if (request.method === 'POST' && url.searchParams.has('uploads'))
      return sendXml(response, '<InitiateMultipartUploadResult><UploadId>u</UploadId></InitiateMultipartUploadResult>');
    if (request.method === 'POST')
      return sendXml(response, '<CompleteMultipartUploadResult><ETag>"e"</ETag></CompleteMultipartUploadResult>');
    if (request.headers['x-amz-copy-source'] !== undefined)
      return sendXml(
        response,
        url.searchParams.has('partNumber')
          ? '<CopyPartResult><ETag>"e"</ETag></CopyPartResult>'
          : '<CopyObjectResult><ETag>"e"</ETag></CopyObjectResult>',
      );
    keep(key, url.searchParams.has('partNumber') ? [] : chunks, bytes);
    return response.writeHead(200, { etag: '"e"' }).end();
  };
  const server = createServer((request, response) => void answer(request, response).catch(() => response.destroy()));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    endpoint,
    stored,
    written,
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}

function storedObject(bytes: Buffer | undefined): SyntheticObject | undefined {
  return bytes && { size: bytes.length, read: (start, end) => [bytes.subarray(start, end)] };
}

async function sendObject(request: IncomingMessage, response: ServerResponse, { size, read }: SyntheticObject): Promise<void> {
  const range = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '');
  const start = Number(range?.[1] ?? 0);
  const end = range?.[2] ? Math.min(size, Number(range[2]) + 1) : size;
  if (range && start >= size) {
    response.writeHead(416).end();
    return;
  }
  const headers = {
    'content-length': end - start,
    etag: '"e"',
    'x-amz-version-id': 'v',
    ...(range && { 'content-range': `bytes ${start}-${end - 1}/${size}` }),
  };
  response.writeHead(range ? 206 : 200, headers);
  if (request.method === 'GET')
    for await (const chunk of read(start, end)) if (!response.write(chunk)) await new Promise((resolve) => response.once('drain', resolve));
  response.end();
}

function sendList(response: ServerResponse, url: URL, list: SyntheticS3Options['list']): void {
  const prefix = url.searchParams.get('prefix') ?? '';
  const names = list(prefix);
  const from = Number(url.searchParams.get('continuation-token') ?? 0);
  const page = names.slice(from, from + 1000);
  const more = from + 1000 < names.length;
  const contents = page.map((name) => `<Contents><Key>${name}</Key><Size>1</Size></Contents>`).join('');
  sendXml(
    response,
    `<ListBucketResult><IsTruncated>${more}</IsTruncated>${more ? `<NextContinuationToken>${from + 1000}</NextContinuationToken>` : ''}${contents}</ListBucketResult>`,
  );
}

function sendXml(response: ServerResponse, xml: string): void {
  response.writeHead(200, { 'content-type': 'application/xml' }).end(`<?xml version="1.0" encoding="UTF-8"?>${xml}`);
}

async function drain(request: IncomingMessage): Promise<{ chunks: Buffer[]; bytes: number }> {
  let chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request) {
    bytes += (chunk as Buffer).length;
    if (bytes > KEPT_BYTES) chunks = [];
    else chunks.push(chunk as Buffer);
  }
  return { chunks, bytes };
}
