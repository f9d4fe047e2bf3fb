import { createHash } from 'node:crypto';
import { lookup as resolveName } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import { Agent, type Dispatcher, request } from 'undici';
import { SampleError } from '#core/errors.ts';
import { isPublicAddress } from '#core/hosts/public-address.ts';
import type { ImageStore } from '#core/ports.ts';

export interface HttpsImagesOptions {
  readonly maxBytes: number;
  /** Milliseconds from a request to the last byte of its reply. @default 60 s */
  readonly timeoutMs?: number;
  /** Addresses that connections may go to. @default addresses of the public internet */
  readonly isAllowed?: (address: string) => boolean;
  /** Resolves names. Each address is checked, and the connection goes to a checked address. @default the system's resolver */
  readonly lookup?: typeof resolveName;
  /** Trusted certificates. @default the certificates of Node */
  readonly ca?: string;
}

const REDIRECTS = 5;

/**
 * Images at `https://` addresses of the public internet. Names, literal addresses and redirects never reach a private network:
 * each connection goes to a checked address.
 */
export function createHttpsImages(options: HttpsImagesOptions): ImageStore {
  const { maxBytes, timeoutMs = 60_000, isAllowed = isPublicAddress, lookup = resolveName, ca } = options;
  const dispatcher = new Agent({ connect: { lookup: checkedLookup(lookup, isAllowed), ca } });

  async function send(method: 'HEAD' | 'GET', imagePath: string, signal: AbortSignal): Promise<Dispatcher.ResponseData> {
    const limited = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
    let url = parse(imagePath, imagePath);
    for (let redirects = 0; redirects <= REDIRECTS; redirects++) {
      requireAllowed(url, imagePath, isAllowed);
      const answer = await request(url, {
        method,
        dispatcher,
        signal: limited,
        headers: { accept: 'image/*', 'user-agent': 'groundline' },
      });
      const target = answer.statusCode >= 300 && answer.statusCode < 400 ? answer.headers.location : undefined;
      if (typeof target !== 'string') return answer;
      await answer.body.dump();
      url = parse(target, imagePath, url);
    }
    throw new SampleError('image_unreadable', `image "${imagePath}" is redirected more than ${REDIRECTS} times`);
  }

  async function download(imagePath: string, signal: AbortSignal): Promise<Uint8Array> {
    const answer = await send('GET', imagePath, signal);
    if (answer.statusCode !== 200) {
      await answer.body.dump();
      throw refusal(imagePath, answer.statusCode);
    }
    const chunks: Uint8Array[] = [];
    let size = 0;
    for await (const chunk of answer.body) {
      size += chunk.length;
      if (size > maxBytes) throw tooLarge(imagePath, maxBytes);
      chunks.push(chunk);
    }
    return Buffer.concat(chunks);
  }

  return {
    stat: (imagePath, signal) =>
      withDownloadErrors(imagePath, signal, async () => {
        const { statusCode, headers, body } = await send('HEAD', imagePath, signal);
        await body.dump();
        const stamp = headers.etag ?? headers['last-modified'];
        const size = Number(headers['content-length']);
        if (statusCode === 200 && typeof stamp === 'string' && Number.isSafeInteger(size)) return { size, stamp };
        // Without a stamp and a size from the server, only the bytes show whether the image has changed.
        const bytes = await download(imagePath, signal);
        const identity = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
        return { size: bytes.length, stamp: identity, identity };
      }),
    read: (imagePath, signal) => withDownloadErrors(imagePath, signal, () => download(imagePath, signal)),
  };
}

function parse(reference: string, imagePath: string, base?: URL): URL {
  if (!URL.canParse(reference, base?.href)) throw new SampleError('image_unreadable', `image "${imagePath}" is no valid address`);
  return new URL(reference, base);
}

/** Literal addresses are not looked up, so they are checked here. */
function requireAllowed(url: URL, imagePath: string, isAllowed: (address: string) => boolean): void {
  const host = url.hostname.replace(/^\[|\]$/g, '');
  if (url.protocol !== 'https:')
    throw new SampleError('image_unreadable', `image "${imagePath}" leads to ${url.protocol}//: only https is read`);
  if (url.username || url.password) throw new SampleError('image_unreadable', `image "${imagePath}" has credentials in its address`);
  if (isIP(host) && !isAllowed(host)) throw notPublic(imagePath);
}

function checkedLookup(lookup: typeof resolveName, isAllowed: (address: string) => boolean): LookupFunction {
  return (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (error, addresses) => {
      const closed = error ? undefined : addresses.find(({ address }) => !isAllowed(address));
      if (error || closed || addresses.length === 0) {
        callback(error ?? Object.assign(new Error(`${hostname} is not a public address`), { code: 'ENOTPUBLIC' }), '', 0);
        return;
      }
      const [first] = addresses;
      if (options.all) callback(null, addresses);
      else if (first) callback(null, first.address, first.family);
    });
  };
}

/** Turns an error of a download into the failure of its sample, unless the run itself was aborted. */
async function withDownloadErrors<T>(imagePath: string, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof SampleError || signal.aborted) throw error;
    const { code, name, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOTPUBLIC') throw notPublic(imagePath);
    if (code === 'ENOTFOUND') throw new SampleError('image_not_found', `image "${imagePath}": no such host`, { cause: error });
    const why = name === 'TimeoutError' ? 'no reply in time' : (code ?? message);
    throw new SampleError('image_unreadable', `image "${imagePath}" cannot be fetched (${why})`, { cause: error });
  }
}

function refusal(imagePath: string, status: number): SampleError {
  const code = status === 404 || status === 410 ? 'image_not_found' : 'image_unreadable';
  return new SampleError(code, `image "${imagePath}": the server answered ${status}`);
}

const notPublic = (imagePath: string) =>
  new SampleError('image_unreadable', `image "${imagePath}" is not at a public address; only those are read`);

const tooLarge = (imagePath: string, maxBytes: number) =>
  new SampleError(
    'image_too_large',
    `image "${imagePath}" has more than ${maxBytes} bytes; fix: raise data.max_image_bytes if the image is intended`,
  );
