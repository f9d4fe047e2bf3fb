import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { S3Client } from '@aws-sdk/client-s3';
import { expect, test } from 'vitest';
import { validateInput } from '#aws/prepare/validate-input.ts';
import { chooseLines } from '#input/choose-lines.ts';
import { createDirectoryFiles } from '#storage/disk/directory-files.ts';
import { tempFolder } from '#test/storage/temp-folder.ts';

const own = { image_path: 'a.png', caption: 'a red car', phrases: ['a red car'] };
const bare = { image_path: 'a.png', caption: 'a red car' };

async function validated(lines: readonly (object | string)[], workflow: { limit?: number; sample?: number } = {}) {
  const folder = tempFolder();
  writeFileSync(
    join(folder, 'captions.jsonl'),
    lines.map((line) => `${typeof line === 'string' ? line : JSON.stringify(line)}\n`).join(''),
  );
  const client = { send: async () => ({}) } as unknown as S3Client;
  const upload = (key: string) => ({ client, bucket: 'any', key, tailKey: `${key}.tail` });
  const result = await validateInput({
    files: createDirectoryFiles(folder),
    path: 'captions.jsonl',
    kind: 'captions',
    choice: chooseLines({ seed: 0, ...workflow }, lines.length),
    imageBase: '',
    uploads: { manifest: upload('manifest'), refused: upload('refused') },
    repeatsFile: { read: async () => new Uint8Array(), write: async () => {} },
    isLate: () => false,
  });
  return 'done' in result ? result.done : undefined;
}

test('samples are counted per step: equal lines once, lines with expressions only for grounding', async () => {
  const lines = [own, bare, own, bare, bare, { caption: 'no picture' }];

  expect(await validated(lines)).toMatchObject({ samples: 5, rejected: 1, asked: { extraction: 1, grounding: 2 } });
  expect(await validated(lines, { limit: 1 })).toMatchObject({ samples: 1, asked: { extraction: 0, grounding: 1 } });
  // The earlier equal line may not be chosen.
  expect(await validated([bare, bare, bare], { sample: 2 })).toMatchObject({ samples: 2, asked: { extraction: 2, grounding: 2 } });
});

test('lines nested 6,000 levels deep are refused, and the others are read', async () => {
  const nested = '['.repeat(6000) + ']'.repeat(6000);
  const deep = [`{"image_path":"a.png","caption":"a red car","extra":${nested}}`, `{"extra":${nested}}`];

  expect(await validated([bare, ...deep, bare])).toMatchObject({ samples: 2, rejected: 2 });
});
