import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { checkResults } from '#test/check-results.ts';
import { type StandInOptions, startStandIn } from '#test/models/stand-in.ts';
import { isMissing, needing } from '#test/shared-material.ts';
import { tempFolder } from '#test/storage/temp-folder.ts';
import { groundline, readLines, start, writeInput } from './command-line.ts';

/** A second checker, by other authors. */
const otherChecker = '../shared/tools/check_results.py';

async function standIn(options?: StandInOptions) {
  const server = await startStandIn(options);
  onTestFinished(() => server.close());
  return server;
}

interface Failed {
  readonly image_path?: string;
  readonly raw?: string;
  readonly _groundline: { readonly line: number; readonly code: string; readonly message: string };
}

/** Runs a folder and gives code and message of each failed line by its number. */
async function run(folder: string, more: readonly string[] = []) {
  const server = await standIn();
  const end = await groundline(['generate', 'captions.jsonl', '--out', 'results', ...server.overrides, ...more], { cwd: folder });
  const results = join(folder, 'results');
  const problems = Object.fromEntries(
    readLines<Failed>(results, 'failed.jsonl').map(({ _groundline: { line, code, message } }) => [line, `${code}: ${message}`]),
  );
  expect(end.stderr + end.stdout).not.toMatch(/\n\s+at |unexpected:|undefined|\[object/);
  expect(checkResults(join(folder, 'captions.jsonl'), results)).toEqual([]);
  return {
    ...end,
    results,
    server,
    problems,
    done: readLines<{ image_path: string; image_id: unknown; caption: string }>(results, 'annotations.jsonl'),
  };
}

test.skipIf(isMissing(otherChecker))(needing(otherChecker, 'results with failed lines pass the independent checker'), async () => {
  const folder = tempFolder();
  const caption = 'a red car';
  writeInput(
    folder,
    [
      { image_path: 'missing.png', caption },
      { image_path: 'good.png', caption },
    ],
    ['good.png'],
  );

  const { done, results } = await run(folder);

  expect(done.map(({ image_path }) => image_path)).toEqual(['good.png']);
  expect(() => execFileSync('python3', [otherChecker, join(folder, 'captions.jsonl'), results])).not.toThrow();
});

test('a bad image fails its line with a reason and without a model call', async () => {
  const folder = tempFolder();
  const caption = 'a red car';
  const names = ['missing.png', 'corrupt.png', 'folder.png', 'zero.png', 'huge.png', 'text.jpg', 'bomb.png', 'good.png'];
  writeInput(
    folder,
    names.map((image_path) => ({ image_path, caption })),
    ['good.png', 'bomb.png'],
  );
  writeFileSync(join(folder, 'corrupt.png'), Buffer.concat([Buffer.from('89504e470d0a1a0a', 'hex'), Buffer.alloc(50, 1)]));
  mkdirSync(join(folder, 'folder.png'));
  writeFileSync(join(folder, 'zero.png'), '');
  writeFileSync(join(folder, 'huge.png'), '');
  truncateSync(join(folder, 'huge.png'), 60_000_000);
  writeFileSync(join(folder, 'text.jpg'), 'this is no image');
  const bomb = readFileSync(join(folder, 'bomb.png'));
  bomb.writeUInt32BE(60_000, 16);
  bomb.writeUInt32BE(60_000, 20);
  writeFileSync(join(folder, 'bomb.png'), bomb);

  const { problems, done, server, code } = await run(folder);

  expect(problems).toEqual({
    1: expect.stringMatching(/^image_not_found: image "missing.png" not found \(looked for .*\); set data.image_root$/),
    2: expect.stringMatching(/^image_undecodable: /),
    3: 'image_unreadable: image "folder.png" is a folder, not an image',
    4: 'image_undecodable: image "zero.png" is empty (0 bytes)',
    5: expect.stringMatching(/^image_too_large: image "huge.png" has 60000000 bytes/),
    6: expect.stringMatching(/^image_un(?:supported|decodable): /),
    7: expect.stringMatching(/^image_too_large: .*60000/),
  });
  expect(done.map(({ image_path }) => image_path)).toEqual(['good.png']);
  expect(server.calls).toHaveLength(2);
  expect(code).toBe(2);
});

test('each bad line is kept with its number and its reason', async () => {
  const folder = tempFolder();
  const good = { image_path: 'a.png', caption: 'a red car' };
  writeInput(
    folder,
    [
      '{"image_path": "a.png", "caption": ',
      '["a.png", "a red car"]',
      { image_path: 'a.png' },
      { image_path: 'a.png', caption: null },
      JSON.stringify({ ...good, extra: 'x'.repeat(10 * 1024 * 1024) }),
      '{"image_path":"a.png","caption":"a red \u0000 car"}',
      '   ',
      good,
    ],
    ['a.png'],
  );

  const { problems, done, results } = await run(folder);

  expect(problems).toEqual({
    1: expect.stringMatching(/^invalid_line: line 1 is not JSON/),
    2: 'invalid_line: line 2 is not a JSON object but a list',
    3: 'invalid_line: line 3 has no "caption"',
    4: 'invalid_line: line 4 has a "caption" that is null, not text',
    5: expect.stringMatching(/^invalid_line: line 5 is longer than 1 MiB \(10\d+ bytes\)$/),
    6: expect.stringMatching(/^invalid_line: line 6 is not JSON/),
  });
  expect(done).toHaveLength(1);
  expect(readLines<Failed>(results, 'failed.jsonl')[0]?.raw).toBe('{"image_path": "a.png", "caption": ');
});

test('a byte order mark, CRLF, a missing last line end and NUL are accepted', async () => {
  const folder = tempFolder();
  writeInput(folder, [], ['a.png']);
  const lines = [
    { image_path: 'a.png', caption: 'a red car' },
    { image_path: 'a.png', caption: 'a tall tree\u0000', k: '\u0000' },
  ];
  writeFileSync(join(folder, 'captions.jsonl'), `\uFEFF${lines.map((line) => JSON.stringify(line)).join('\r\n')}`);

  const { done, problems } = await run(folder);

  expect(problems).toEqual({});
  expect(done).toMatchObject(lines);
});

test('image names and ids of any kind are accepted', async () => {
  const folder = tempFolder();
  const caption = 'a red car';
  const ids = ['a/b', '..', '../../../../tmp/x', '🐕', 'x'.repeat(300), '', null, 0, 7];
  const lines = [
    { image_path: 'x/a.png', caption },
    { image_path: 'y/a.png', caption },
    { image_path: 'x/a.png', caption },
    ...ids.map((image_id) => ({ image_path: 'x/a.png', caption, image_id })),
    { image_path: 'x/../x/ä ü.png', caption },
  ];
  writeInput(folder, lines, ['x/a.png', 'y/a.png', 'x/ä ü.png']);

  const { done, problems, results } = await run(folder);

  expect(problems).toEqual({});
  expect(done).toMatchObject(lines);
  expect(existsSync(join(results, 'step_0_expression_extraction/.ckpt'))).toBe(true);
});

test('a results folder that cannot be written ends the command before any call', { timeout: 60_000 }, async () => {
  const folder = tempFolder();
  writeInput(folder, [{ image_path: 'a.png', caption: 'a red car' }], ['a.png']);
  const server = await standIn();

  const ends = ['captions.jsonl', 'captions.jsonl/results', '/proc/results'].map((out) =>
    groundline(['generate', 'captions.jsonl', '--out', out, ...server.overrides], { cwd: folder }),
  );

  for (const { code, stderr } of await Promise.all(ends)) {
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /^groundline: cannot write to the results folder .* \(E[A-Z]+\); fix: choose another one with --out or results_dir=…\n$/,
    );
  }
  expect(server.calls).toHaveLength(0);
});

test('a second run on the same results folder is refused, and the first completes', async () => {
  const folder = tempFolder();
  writeInput(
    folder,
    Array.from({ length: 8 }, (_, index) => ({ image_path: 'a.png', caption: `a red car ${index}` })),
    ['a.png'],
  );
  let release = () => {};
  const server = await standIn({ until: new Promise<void>((resolve) => (release = resolve)) });
  const args = ['generate', 'captions.jsonl', '--out', 'results', ...server.overrides, 'workflow.max_workers=2'];

  const first = start(args, { cwd: folder });
  while (server.calls.length === 0) await new Promise((resolve) => setTimeout(resolve, 10));
  const second = await groundline(args, { cwd: folder });
  release();
  const { code } = await first.end;

  expect(second.code).toBe(1);
  expect(second.stderr).toMatch(
    /^groundline: another run is writing to .*results \(process \d+ on .*\); fix: wait for it, stop it, or choose another results folder\n$/,
  );
  expect(code).toBe(0);
  expect(server.calls).toHaveLength(16);
});

test('an input that cannot be read is named with its reason', async () => {
  const folder = tempFolder();
  mkdirSync(join(folder, 'folder'));
  writeFileSync(join(folder, 'empty.jsonl'), '');
  writeFileSync(join(folder, 'broken.jsonl.gz'), Buffer.from('1f8b080000000000000302', 'hex'));
  symlinkSync('nowhere', join(folder, 'dangling.jsonl'));
  const server = await standIn();
  const of = (input: string) => groundline(['generate', input, '--out', `results-${input}`, ...server.overrides], { cwd: folder });

  const [asFolder, missing, dangling, broken, empty] = await Promise.all(
    ['folder', 'no.jsonl', 'dangling.jsonl', 'broken.jsonl.gz', 'empty.jsonl'].map(of),
  );

  expect(asFolder?.stderr).toMatch(/^groundline: cannot read the input .*folder \(it is a folder\)/);
  for (const end of [missing, dangling])
    expect(end?.stderr).toMatch(/^groundline: cannot read the input .* \(ENOENT\); fix: check .*captions file\n$/);
  expect(broken?.stderr).toMatch(/damaged or truncated/);
  expect([asFolder, missing, dangling, broken].map((end) => end?.code)).toEqual([1, 1, 1, 1]);
  expect(empty).toMatchObject({ code: 0, stdout: expect.stringContaining('0 samples done') });
});
