import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { GetObjectCommand } from '@aws-sdk/client-s3';
import { describe, expect, it } from 'vitest';
import { type ValidationState, validateInput } from '#aws/prepare/validate-input.ts';
import { chooseLines } from '#input/choose-lines.ts';
import { createDirectoryFiles } from '#storage/disk/directory-files.ts';
import { s3Available, serveS3 } from '#test/storage/s3-server.ts';
import { tempFolder } from '#test/storage/temp-folder.ts';

const server = serveS3();

/** An input with repeated and invalid lines. Validates it up to a number of time checks. */
async function open() {
  const client = server.connect();
  const bucket = await server.emptyBucket();
  const files = createDirectoryFiles(tempFolder());
  const lines = Array.from({ length: 2_300 }, (_, i) =>
    i % 50 === 7 ? 'no json' : JSON.stringify({ image_path: 'a.jpg', caption: `a car ${i % 90}` }),
  );
  writeFileSync(join(files.folder, 'in.jsonl'), lines.join('\n'));
  const kept = new Map<number, Uint8Array>();
  const repeatsFile = {
    read: async (offset: number) => kept.get(offset) ?? new Uint8Array(),
    write: async (offset: number, bytes: Uint8Array) => void kept.set(offset, bytes),
  };
  const upload = (key: string) => ({ client, bucket, key, tailKey: `${key}.tail` });
  const read = async (looks: number, state?: ValidationState) => {
    const uploads = { manifest: upload('manifest'), refused: upload('refused') };
    const choice = chooseLines({ seed: 0 }, lines.length);
    return validateInput({
      ...{ files, path: 'in.jsonl', kind: 'captions', choice, imageBase: '', uploads, repeatsFile, state },
      isLate: () => --looks < 0,
    });
  };
  const hashOf = async (Key: string) => {
    const { Body } = await client.send(new GetObjectCommand({ Bucket: bucket, Key }));
    return createHash('sha256')
      .update((await Body?.transformToByteArray()) ?? '')
      .digest('hex');
  };
  const stateOf = (result: Awaited<ReturnType<typeof read>>) => ('state' in result ? result.state : undefined);
  return { read, hashOf, stateOf };
}

describe.skipIf(!s3Available)('validation of an input by several calls', { timeout: 60_000 }, () => {
  it('gives the same result when a call dies before its state is stored', async () => {
    const { read, hashOf, stateOf } = await open();
    const uninterrupted = await read(99);
    const [manifest, refused] = [await hashOf('manifest'), await hashOf('refused')];
    const stored = stateOf(await read(1));
    await read(0, stored);

    expect(await read(99, stored)).toEqual(uninterrupted);
    expect([await hashOf('manifest'), await hashOf('refused')]).toEqual([manifest, refused]);
  });

  it('starts over when the upload of its state no longer exists', async () => {
    const { read, stateOf } = await open();
    const state = stateOf(await read(1)) as ValidationState;

    expect(await read(99, { ...state, manifest: { ...state.manifest, tailBytes: 1 } })).toEqual({ state: undefined });
  });
});
