import { expect, test } from 'vitest';
import { type InputKind, type InputLine, readSamples } from '#input/read-samples.ts';

async function read(text: string | Buffer, kind?: InputKind): Promise<InputLine[]> {
  const lines: InputLine[] = [];
  const chunks = (async function* () {
    yield Buffer.from(text);
  })();
  for await (const line of readSamples(chunks, kind)) lines.push(line);
  return lines;
}

const one = async (value: unknown) => (await read(typeof value === 'string' ? value : JSON.stringify(value)))[0] as InputLine;
const problem = async (value: unknown) => {
  const line = await one(value);
  return 'rejected' in line ? line.rejected.message : 'none';
};
const sample = async (value: unknown) => {
  const line = await one(value);
  if ('rejected' in line) throw new Error(line.rejected.message);
  return line.sample;
};

test('the reason why a line is no sample names its line number and its content', async () => {
  expect(await problem('{"image_path": "a.jpg", ')).toMatch(/^line 1 is not JSON/);
  expect(await problem([1, 2])).toBe('line 1 is not a JSON object but a list');
  expect(await problem('"text"')).toBe('line 1 is not a JSON object but text');
  expect(await problem('null')).toBe('line 1 is not a JSON object but null');
  expect(await problem({ image_path: 'a.jpg' })).toBe('line 1 has no "caption"');
  expect(await problem({ image_path: 'a.jpg', caption: null })).toBe('line 1 has a "caption" that is null, not text');
  expect(await problem({ image_path: 'a.jpg', caption: '  ' })).toBe('line 1 has an empty "caption"');
  expect(await problem({ image_path: 5, caption: 'a' })).toBe('line 1 has a "image_path" that is a number, not text');
  expect(await problem(`{"image_path":"a.jpg","caption":"${'x'.repeat(2 ** 20)}"}`)).toMatch(/^line 1 is longer than 1 MiB/);
});

test('a line that is no JSON is kept unchanged, to be repaired by hand', async () => {
  const line = await one('{"image_path": "a.jpg", oops');

  expect('rejected' in line && line.rejected.fields).toEqual({ raw: '{"image_path": "a.jpg", oops' });
});

test('bytes that are no UTF-8, and NUL, are rejected as no JSON', async () => {
  const [latin] = await read(Buffer.from('{"image_path":"a.jpg","caption":"caf\xe9"}', 'latin1'));
  const [nul] = await read('{"image_path":"a.jpg","caption":"a\u0000b"}');

  expect(latin && 'rejected' in latin && latin.rejected.message).toBe('line 1 is not UTF-8 text');
  expect(nul && 'rejected' in nul && nul.rejected.message).toMatch(/^line 1 is not JSON/);
});

test('blank lines are skipped but counted', async () => {
  const lines = await read('\n  \t\r\n{"image_path":"a.jpg","caption":"a"}\n');

  expect(lines.map(({ number }) => number)).toEqual([3]);
});

test('equal lines differ by their repeat', async () => {
  const line = '{"image_path":"a.jpg","caption":"a car"}\n';

  const lines = await read(line.repeat(3));
  const samples = lines.flatMap((found) => ('sample' in found ? [found.sample] : []));

  expect(new Set(samples.map(({ sampleId }) => sampleId)).size).toBe(1);
  expect(samples.map(({ lineId }) => lineId.replace(/^[^~]*/, ''))).toEqual(['', '~1', '~2']);
});

test('equal stems in two folders, and two captions of one image, are different samples', async () => {
  const ids = await Promise.all([
    sample({ image_path: 'x/a.jpg', caption: 'a car' }),
    sample({ image_path: 'y/a.jpg', caption: 'a car' }),
    sample({ image_path: 'x/a.jpg', caption: 'a tree' }),
  ]);

  expect(new Set(ids.map(({ sampleId }) => sampleId)).size).toBe(3);
  expect(ids.map(({ imageId }) => imageId)).toEqual(['a', 'a', 'a']);
});

test('an image id may be anything: it stays as given, and its sample id is a safe file name', async () => {
  for (const id of ['../../etc/passwd', 'a/b', '🐕', 'x'.repeat(300), '.', '', null, 0, 5, { k: 1 }]) {
    const { sampleId, imageId } = await sample({ image_path: 'a.jpg', caption: 'a car', image_id: id });

    expect(imageId).toEqual(id);
    expect(sampleId).toMatch(/^[A-Za-z0-9_][A-Za-z0-9._-]{0,59}-[0-9a-f]{16}$/);
  }
});

test('numbers that a double cannot hold are written unchanged', async () => {
  const { fields } = await sample('{"image_path":"a.jpg","caption":"a","id":12345678901234567890,"ratio":1.50,"big":1e3}');

  expect(JSON.stringify(fields)).toBe('{"image_path":"a.jpg","caption":"a","id":12345678901234567890,"ratio":1.50,"big":1e3}');
});

test('a line of failed.jsonl is its input line, with the root of its images', async () => {
  const envelope = { line: 3, image_base: '/data', step: 'step_0', code: 'model_error', message: 'm', attempts: 1 };

  const found = await sample({ image_path: 'a.jpg', caption: 'a car', k: 1, _groundline: envelope });

  expect(found.fields).toEqual({ image_path: 'a.jpg', caption: 'a car', k: 1 });
  expect(found.imageBase).toBe('/data');
  expect(found.sampleId).toBe((await sample({ image_path: 'a.jpg', caption: 'a car', k: 1 })).sampleId);
});

test('phrases without a noun get their core noun, not their last word', async () => {
  const { given } = await sample({
    image_path: 'a.jpg',
    caption: 'A man in a blue shirt near a couple of dogs',
    phrases: ['man in a blue shirt', 'couple of dogs', { text: 'blue shirt', noun_chunk: 'garment' }],
  });

  expect(given?.expressions.map(({ noun_chunk }) => noun_chunk)).toEqual(['man', 'dogs', 'garment']);
});

test('phrases and expressions of a line are placed in its caption, or else listed', async () => {
  const { given } = await sample({ image_path: 'a.jpg', caption: 'A man and a man near a tree', phrases: ['man', 'man', 'tree', 'dog'] });

  expect(given?.expressions.map(({ text, char_span }) => [text, ...char_span])).toEqual([
    ['man', 2, 5],
    ['man', 12, 15],
    ['tree', 23, 27],
  ]);
  expect(given?.unplaced).toEqual(['dog']);
  expect(await problem({ image_path: 'a.jpg', caption: 'a car', phrases: ['dog'] })).toMatch(/none of its phrases is in the caption/);
  expect(await problem({ image_path: 'a.jpg', caption: 'a car', expressions: 'car' })).toBe('line 1: "expressions" is text, not a list');
});

test('every line of a step file has given expressions, even an empty list', async () => {
  const record = { image_path: 'a.jpg', caption: 'hm', cleaned_caption: 'Hm.', expressions: [] };

  const [asStep] = await read(JSON.stringify(record), 'step_0');

  expect(asStep && 'sample' in asStep && asStep.sample.given).toEqual({ cleanedCaption: 'Hm.', expressions: [], unplaced: [] });
  expect((await sample(record)).given).toBeUndefined();
});

test('a line of a step file without a result of step 0 never counts as "nothing found"', async () => {
  const line = { image_path: 'a.jpg', caption: 'a car' };
  const messages = async (...lines: object[]) => {
    const text = lines.map((value) => JSON.stringify(value)).join('\n');
    return (await read(text, 'step_0')).map((found) => ('rejected' in found ? found.rejected.message : 'none'));
  };
  const askedFor = (number: number, why: string) => `line ${number} ${why}: run step 0 for it (workflow.steps=["0","1"])`;

  expect(await messages(line, { ...line, expressions: null }, { ...line, phrases: [] })).toEqual(
    [1, 2, 3].map((number) => askedFor(number, 'has no expressions')),
  );
  expect(await messages({ ...line, expressions: [], status: 'failed' })).toEqual([
    askedFor(1, 'failed in step 0, so it has no expressions'),
  ]);
  expect(await messages({ ...line, expressions: [] }, { ...line, phrases: ['car'] })).toEqual(['none', 'none']);
  expect(await messages({ ...line, expressions: ['car'], status: 'failed' })).toEqual(['none']); // repaired by hand
});

test('a phrase given more often than the caption has it is the same expression, not a missing one', async () => {
  const { given } = await sample({ image_path: 'a.jpg', caption: 'a man and a dog', phrases: ['man', 'dog', 'man'] });

  expect(given?.expressions.map(({ text }) => text)).toEqual(['man', 'dog']);
  expect(given?.unplaced).toEqual([]);
});
