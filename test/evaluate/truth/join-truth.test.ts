import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Box } from '#core/box.ts';
import { joinTruth } from '#evaluate/truth/join-truth.ts';
import { tempFolder } from '#test/storage/temp-folder.ts';
import { truthIn, truthLine, writeLines } from '../evaluated-results.ts';

function open(path: string) {
  const opened = joinTruth(path);
  onTestFinished(() => opened.close());
  return opened;
}

const toy = (image: string, caption: string, text = caption) => ({ image, caption, expressions: [{ text, boxes: [] }] });

describe('joining truth', () => {
  it('finds the line of the same image and caption, wherever it stands', () => {
    const truth = open(truthIn(tempFolder(), [toy('a.jpg', 'one'), toy('a.jpg', 'two'), toy('b.jpg', 'one')]));

    expect(truth.match('b.jpg', 'one')?.number).toBe(2);
    expect(truth.match('a.jpg', 'one')?.number).toBe(0);
    expect(truth.match('a.jpg', 'three')).toBeUndefined();
    expect(truth.match('a.jpg', 'two')?.number).toBe(1);
    expect(truth.countLines()).toBe(3);
  });

  it('gives equal results one line after the other', () => {
    const truth = open(truthIn(tempFolder(), [toy('a.jpg', 'the man here', 'the man'), toy('a.jpg', 'the man here', 'man')]));

    const texts = [1, 2, 3].map(() => truth.match('a.jpg', 'the man here')?.line.expressions[0]?.text);

    expect(texts).toEqual(['the man', 'man', undefined]);
  });

  it('joins a path with the same path below another folder, but not with another folder', () => {
    const truth = open(truthIn(tempFolder(), [toy('img/a.jpg', 'one'), toy('other/a.jpg', 'one')]));

    expect(truth.match('/data/set/other/a.jpg', 'one')?.number).toBe(1);
    expect(truth.match('/data/elsewhere/a.jpg', 'one')).toBeUndefined();
    expect(truth.match('./img/a.jpg', 'one')?.number).toBe(0);
  });

  it('joins any order of more lines than it keeps in memory', () => {
    const images = Array.from({ length: 6_000 }, (_, index) => ({ image: `${index}.jpg`, caption: `é ${index % 7}` }));
    const truth = open(
      truthIn(
        tempFolder(),
        images.map(({ image, caption }) => toy(image, caption)),
      ),
    );

    const numbers = images.toReversed().map(({ image, caption }) => truth.match(image, caption)?.number);

    expect(numbers).toEqual(images.map((_, index) => index).reverse());
    expect(truth.match('0.jpg', 'é 0')).toBeUndefined();
  });

  it('reads a file with a byte order mark, CRLF, blank lines and no last newline', () => {
    const path = join(tempFolder(), 'truth.jsonl');
    writeFileSync(path, `\ufeff${truthLine(toy('a.jpg', 'one'))}\r\n\r\n${truthLine(toy('b.jpg', 'two'))}`);
    const truth = open(path);

    expect(truth.match('b.jpg', 'two')?.number).toBe(1);
    expect(truth.match('a.jpg', 'one')?.number).toBe(0);
    expect(truth.countLines()).toBe(2);
  });

  it('names the line that is cut off', () => {
    const path = join(tempFolder(), 'truth.jsonl');
    writeLines(path, [truthLine(toy('a.jpg', 'one')), '{"image_path":"b.jpg","capt']);

    expect(() => open(path).countLines()).toThrow(/line 2 of the truth .*truth\.jsonl is not JSON, perhaps cut off/);
  });

  it('refuses a box that is no two corners, and names its line', () => {
    const truth = (box: Box) =>
      open(
        truthIn(tempFolder(), [toy('b.jpg', 'one'), { image: 'a.jpg', caption: 'a cat', expressions: [{ text: 'a cat', boxes: [box] }] }]),
      );

    expect(() => truth([300, 200, 50, 80]).match('a.jpg', 'a cat')).toThrow(
      /line 2 of the truth .*the box \[300, 200, 50, 80\] of "a cat" has no area: boxes are \[x1, y1, x2, y2\]/,
    );
    expect(() => truth([10, 20, 10, 40]).match('a.jpg', 'a cat')).toThrow(/boxes are \[x1, y1, x2, y2\]/);
  });

  it('names the expression with a wrong span, with the fix', () => {
    const truth = open(
      truthIn(tempFolder(), [{ image: 'a.jpg', caption: '🚗 a red car', expressions: [{ text: 'red car', span: [5, 12], boxes: [] }] }]),
    );

    expect(() => truth.match('a.jpg', '🚗 a red car')).toThrow(/"red car" is not at its char_span \[5, 12\].*code points.*leave it out/s);
  });

  it('names the missing field of a line', () => {
    const path = join(tempFolder(), 'truth.jsonl');
    writeLines(path, ['{"image_path":"a.jpg","caption":"one","expressions":[{"text":"one"}]}']);

    expect(() => open(path).match('a.jpg', 'one')).toThrow(/line 1 .*"expressions\.0\.boxes"/);
  });

  it('refuses a compressed or missing file, with the fix', () => {
    const folder = tempFolder();
    writeFileSync(join(folder, 'truth.jsonl.gz'), Buffer.from([0x1f, 0x8b, 8, 0]));

    expect(() => joinTruth(join(folder, 'truth.jsonl.gz'))).toThrow(/compressed; unpack it/);
    expect(() => joinTruth(join(folder, 'none.jsonl'))).toThrow(/no truth file .*groundline import/);
    expect(() => joinTruth(folder)).toThrow(/is a folder/);
  });
});
