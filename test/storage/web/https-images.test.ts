import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:https';
import type { AddressInfo, LookupFunction } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createHttpsImages, type HttpsImagesOptions } from '#storage/web/https-images.ts';
import { tempFolder } from '../temp-folder.ts';

const { signal } = new AbortController();
const hasOpenssl = spawnSync('openssl', ['version']).status === 0;

/** A certificate for pictures.test, made for this test. */
function certificate(): { key: string; cert: string } {
  const folder = tempFolder();
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  const subject = ['-subj', '/CN=pictures.test', '-addext', 'subjectAltName=DNS:pictures.test,DNS:inside.test,IP:127.0.0.1'];
  execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-keyout', key, '-out', cert, ...subject], {
    stdio: 'ignore',
  });
  return { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') };
}

/** A server on loopback that pictures.test and inside.test resolve to. By default, only private addresses are refused. */
async function serve(answer: Parameters<typeof createServer>[1], options: Partial<HttpsImagesOptions> = {}) {
  const { key, cert } = certificate();
  const server: Server = createServer({ key, cert }, answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  const lookup = ((_name, _options, callback) => callback(null, [{ address: '127.0.0.1', family: 4 }])) as LookupFunction;
  const images = createHttpsImages({
    maxBytes: 1000,
    ca: cert,
    lookup: lookup as NonNullable<HttpsImagesOptions['lookup']>,
    isAllowed: () => true,
    ...options,
  });
  return { images, url: `https://pictures.test:${port}`, port };
}

describe.runIf(hasOpenssl)('https images', () => {
  it('are downloaded, with size and stamp from the headers', async () => {
    const { images, url } = await serve((_, res) => res.setHeader('etag', '"v1"').setHeader('content-length', 5).end('bytes'));

    expect(Buffer.from(await images.read(`${url}/a.jpg`, signal)).toString()).toBe('bytes');
    expect(await images.stat(`${url}/a.jpg`, signal)).toEqual({ size: 5, stamp: '"v1"' });
  });

  it('are stamped by their bytes when the server sends no version', async () => {
    const { images, url } = await serve((_, res) => res.end('bytes'));

    expect(await images.stat(`${url}/a.jpg`, signal)).toMatchObject({ size: 5, stamp: expect.stringMatching(/^sha256:/) });
  });

  it('follow a few redirects', async () => {
    const { images, url } = await serve((req, res) =>
      req.url === '/a'
        ? res.writeHead(302, { location: '/b' }).end()
        : req.url === '/b'
          ? res.end('there')
          : res.writeHead(302, { location: '/loop' }).end(),
    );

    expect(Buffer.from(await images.read(`${url}/a`, signal)).toString()).toBe('there');
    await expect(images.read(`${url}/loop`, signal)).rejects.toMatchObject({ code: 'image_unreadable', message: /redirected more than/ });
  });

  it('stop at the limit for any announced size', async () => {
    const { images, url } = await serve((_, res) => {
      const more = () => res.write(Buffer.alloc(400), () => res.destroyed || setImmediate(more));
      more();
    });

    await expect(images.read(`${url}/endless.jpg`, signal)).rejects.toMatchObject({ code: 'image_too_large' });
  });

  it('fail the sample for 404, for 500 and for an unknown host', async () => {
    const { images, url } = await serve((req, res) => res.writeHead(req.url === '/no' ? 404 : 500).end());
    const nowhere = createHttpsImages({
      maxBytes: 1000,
      lookup: ((_n: string, _o: object, done: (error: Error) => void) =>
        done(Object.assign(new Error('x'), { code: 'ENOTFOUND' }))) as unknown as NonNullable<HttpsImagesOptions['lookup']>,
    });

    await expect(images.read(`${url}/no`, signal)).rejects.toMatchObject({ code: 'image_not_found' });
    await expect(images.read(`${url}/broken`, signal)).rejects.toMatchObject({ code: 'image_unreadable', message: /answered 500/ });
    await expect(nowhere.read('https://nobody.test/a', signal)).rejects.toMatchObject({ code: 'image_not_found', message: /no such host/ });
  });

  it('never come from a name with a private address', async () => {
    let served = 0;
    const { images, url } = await serve((_, res) => res.end(String(++served)), { isAllowed: (address) => address !== '127.0.0.1' });

    await expect(images.read(`${url}/a`, signal)).rejects.toMatchObject({ code: 'image_unreadable', message: /not at a public address/ });
    expect(served).toBe(0);
  });

  it('never come from a redirect to a private network, by name or by address', async () => {
    const inside: string[] = [];
    const { images, url } = await serve(
      (req, res) => {
        if (req.headers.host?.startsWith('pictures.test') === false) inside.push(req.url ?? '');
        const port = req.headers.host?.split(':')[1];
        res.writeHead(302, { location: req.url === '/name' ? `https://inside.test:${port}/x` : `https://10.0.0.7:${port}/x` }).end();
      },
      {
        isAllowed: (address) => address === '127.0.0.1',
        lookup: ((name: string, _o: object, done: (error: null, found: object[]) => void) =>
          done(null, [{ address: name === 'inside.test' ? '10.0.0.7' : '127.0.0.1', family: 4 }])) as unknown as NonNullable<
          HttpsImagesOptions['lookup']
        >,
      },
    );

    for (const path of ['name', 'address'])
      await expect(images.read(`${url}/${path}`, signal)).rejects.toMatchObject({ message: /not at a public address/ });
    expect(inside).toEqual([]);
  });

  it('never come from a name with one private address among public ones', async () => {
    const { images, url } = await serve((_, res) => res.end('x'), {
      isAllowed: (address) => address === '127.0.0.1',
      lookup: ((_n: string, _o: object, done: (error: null, found: object[]) => void) =>
        done(null, [
          { address: '127.0.0.1', family: 4 },
          { address: '169.254.169.254', family: 4 },
        ])) as unknown as NonNullable<HttpsImagesOptions['lookup']>,
    });

    await expect(images.read(`${url}/a`, signal)).rejects.toMatchObject({ message: /not at a public address/ });
  });

  it('never leave https or carry credentials', async () => {
    const { images, url } = await serve((_, res) => res.writeHead(302, { location: 'http://pictures.test/x' }).end());

    await expect(images.read(`${url}/a`, signal)).rejects.toMatchObject({ message: /only https is read/ });
    await expect(images.read('https://me:secret@pictures.test/a', signal)).rejects.toMatchObject({ message: /credentials/ });
  });

  it('refuse loopback, private and metadata addresses by default', async () => {
    const images = createHttpsImages({ maxBytes: 1000 });

    for (const host of ['127.0.0.1', '[::1]', '169.254.169.254', '10.0.0.1', '2130706433', '0x7f.1', '[::ffff:127.0.0.1]'])
      await expect(images.read(`https://${host}/a`, signal)).rejects.toMatchObject({ message: /not at a public address/ });
  });
});
