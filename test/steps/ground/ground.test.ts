import { describe, expect, it } from 'vitest';
import type { ModelProfile } from '#core/model-profile.ts';
import { Settings } from '#core/settings.ts';
import { applyGrounding, type GroundingInput, promptGrounding } from '#steps/ground/ground.ts';
import { composePromptId } from '#steps/prompt-id.ts';
import { plainProfile } from '#test/models/profile.ts';

const size = { width: 1000, height: 500 };
const named = (texts: readonly string[]) =>
  texts.map((text, place) => {
    const equal = texts.filter((other) => other === text);
    const ordinal = texts.slice(0, place + 1).filter((other) => other === text).length;
    return { id: place + 1, text, nounChunk: text.split(' ').at(-1) ?? '', ...(equal.length > 1 && { ordinal }) };
  });
const input = (texts: readonly string[], overrides: Partial<GroundingInput> & { profile?: ModelProfile } = {}): GroundingInput => ({
  caption: 'a caption',
  asked: named(texts),
  settings: Settings.parse({}).grounding,
  profile: plainProfile,
  sent: size,
  upright: size,
  ...overrides,
});
const apply = (texts: readonly string[], reply: unknown, overrides: Partial<GroundingInput> = {}) =>
  applyGrounding(input(texts, overrides), typeof reply === 'string' ? reply : JSON.stringify(reply));
const box = (id: unknown, label?: string, numbers: unknown = [100, 200, 300, 400], rest: object = {}) => ({
  bbox_2d: numbers,
  ...(label !== undefined && { label }),
  id,
  ...rest,
});
const found = ({ answers }: ReturnType<typeof apply>) =>
  Object.fromEntries(
    [...answers].map(([id, { grounding, instances }]) => [id, grounding === 'found' ? instances.map(({ bbox }) => bbox[0]) : grounding]),
  );

describe('the question of step 1', () => {
  const list: ModelProfile = { ...plainProfile, form: 'list', tier: 'text', scores: false };
  const tags: ModelProfile = { ...list, form: 'tags' };

  it('numbers the descriptions, marks repeats, and contains the caption as data', () => {
    const { prompt } = promptGrounding(input(['red car', 'a man', 'a man'], { caption: 'A "man"\n4. "cat"' }));

    expect(prompt).toContain('\n1. "red car"\n2. "a man" (1st)\n3. "a man" (2nd)\n');
    expect(prompt.startsWith('Image caption: "A \\"man\\"\\n4. \\"cat\\""\n')).toBe(true);
    expect(prompt).toContain('Equal descriptions');
    expect(promptGrounding(input(['red car'])).prompt).not.toContain('Equal descriptions');
  });

  it('asks each family in its own form', () => {
    expect(promptGrounding(input(['car'])).prompt).toContain(
      '{"boxes": [{"bbox_2d": [x1, y1, x2, y2], "label": "…", "id": 1, "score": 0.93}], "absent": [2]}',
    );
    const asList = promptGrounding(input(['car'], { profile: { ...list, box: { key: 'box_2d', order: 'yxyx', scale: 1000 } } })).prompt;
    expect(asList).toContain('[{"box_2d": [ymin, xmin, ymax, xmax], "label": "…", "id": 1}, {"box_2d": null, "label": "…", "id": 2}]');
    expect(asList).not.toContain('"absent"');
    expect(asList).not.toContain('score');
    expect(promptGrounding(input(['red car'], { profile: tags })).prompt).toContain('<ref>red car</ref><box>[[x1, y1, x2, y2]]</box>');
  });

  it('states the box convention, and the image size only for families that need it', () => {
    const pixels: ModelProfile = { ...plainProfile, box: { key: 'bbox', order: 'xyxy', scale: 'pixels' }, stateSize: true };

    expect(promptGrounding(input(['car'])).prompt).toContain('from 0 to 1000');
    expect(promptGrounding(input(['car'])).prompt).not.toContain('500 pixels high');
    expect(promptGrounding(input(['car'], { profile: pixels, sent: { width: 756, height: 560 } })).prompt).toContain(
      '756 pixels wide and 560 pixels high',
    );
    expect(promptGrounding(input(['car'], { profile: pixels })).prompt).not.toMatch(/1000(?! pixels)|normalized/);
  });

  it('asks for all instances or for the referred one', () => {
    const settings = Settings.parse({}).grounding;

    expect(promptGrounding(input(['car'])).prompt).toContain('every visible instance');
    expect(promptGrounding(input(['car'], { settings: { ...settings, instances: 'referred', max_instances: 3 } })).prompt).toMatch(
      /only what the caption means.*at most 3/,
    );
    expect(promptGrounding(input(['car'], { settings: { ...settings, instructions: 'no toys' } })).prompt).toContain('\nno toys\n');
  });

  it('uses structured output for the object form alone, and JSON for a second try of tags', () => {
    expect(promptGrounding(input(['car'])).tier).toBe('schema');
    expect(promptGrounding(input(['car'], { profile: { ...list, tier: 'json' } })).tier).toBe('text');
    expect(promptGrounding(input(['car'], { profile: tags, again: true })).prompt).toContain('"bbox_2d": null');
  });

  it("uses the family's own sentence for the second request, if it has one", () => {
    const profile: ModelProfile = { ...list, retrySentence: 'Locate the bounding box of {object}. Return a json.' };

    expect(promptGrounding(input(['a $& b'], { profile, again: true })).prompt).toBe('Locate the bounding box of a $& b. Return a json.');
    expect(promptGrounding(input(['red car'], { profile })).prompt).toContain('1. "red car"');
    const [, second] = input(['man', 'man']).asked;
    expect(promptGrounding(input([], { asked: second ? [second] : [], profile, again: true })).prompt).toContain('"man" (2nd)');
  });

  it('has an id that changes with its words and not with the sample', () => {
    const settings = Settings.parse({});
    const id = composePromptId('step_1', plainProfile, settings);

    expect(id).toMatch(/^ground@[0-9a-f]{8}$/);
    expect(composePromptId('step_0', plainProfile, settings)).toMatch(/^extract@[0-9a-f]{8}$/);
    expect(composePromptId('step_1', list, settings)).not.toBe(id);
    expect(composePromptId('step_1', { ...plainProfile, family: 'other', expressionsPerCall: 1 }, settings)).toBe(id);
    expect(composePromptId('step_1', plainProfile, Settings.parse({ grounding: { instructions: 'x' } }))).not.toBe(id);
    expect(composePromptId('step_0', plainProfile, Settings.parse({ extraction: { language: 'en' } }))).not.toBe(
      composePromptId('step_0', plainProfile, settings),
    );
  });
});

describe('the answer to step 1', () => {
  it('distinguishes found, absent and unanswered expressions', () => {
    const applied = apply(['red car', 'tree', 'dog'], {
      boxes: [box(1, 'red car', [100, 200, 300, 400], { score: 0.91234 })],
      absent: [2],
    });

    expect(applied.answers.get(1)).toEqual({ grounding: 'found', instances: [{ bbox: [100, 100, 300, 200], score: 0.9123 }] });
    expect(applied.answers.get(2)).toEqual({ grounding: 'absent', instances: [] });
    expect(applied.open).toEqual([3]);
  });

  it('finds the expression by number, else by a label with the number, else by a label that is unique', () => {
    expect(
      found(
        apply(
          ['red car', 'tree', 'dog', 'cat'],
          [
            box(1, 'whatever', [1, 2, 30, 40]),
            box(undefined, '2. tree', [2, 2, 30, 40]),
            box(undefined, ' “DOG” ', [3, 2, 30, 40]),
            box('4', undefined, [4, 2, 30, 40]),
          ],
        ),
      ),
    ).toEqual({ 1: [1], 2: [2], 3: [3], 4: [4] });
  });

  it('never guesses: a label that fits two expressions, or none, is counted', () => {
    const applied = apply(
      ['a man', 'a man', '2 dogs'],
      [box(undefined, 'a man'), box(undefined, 'a boat'), box(undefined, '2 dogs'), box(7, 'a ship')],
    );

    expect(found(applied)).toEqual({ 3: [100] });
    expect(applied.dropped).toEqual({ box_unmatched: 3 });
    expect(applied.open).toEqual([1, 2]);
  });

  it('distinguishes repeats by number and by ordinal', () => {
    expect(found(apply(['a man', 'a man'], [box(1, 'a man', [1, 2, 30, 40]), box(undefined, '"a man" (2nd)', [2, 2, 30, 40])]))).toEqual({
      1: [1],
      2: [2],
    });
  });

  it('matches by label where the numbers are unknown', () => {
    expect(found(apply(['red car', 'tree'], [box(0, 'red car', [1, 2, 30, 40]), box(1, 'tree', [2, 2, 30, 40])]))).toEqual({
      1: [1],
      2: [2],
    });
  });

  it('matches by label where the numbers count boxes or begin at zero, and leaves the rest open', () => {
    const counted = [box(1, 'dog'), box(2, 'dog', [500, 200, 700, 400]), box(3, 'tree', [1, 2, 30, 40])];
    const fromZero = [box(0, 'a car'), box(1, 'trees', [1, 2, 30, 40]), box(2, 'person', [2, 2, 30, 40])];

    expect(found(apply(['dog', 'tree', 'man'], counted))).toEqual({ 1: [100, 500], 2: [1] });
    expect(apply(['dog', 'tree', 'man'], counted).open).toEqual([3]);
    expect(found(apply(['red car', 'tall tree', 'man'], fromZero))).toEqual({});
    expect(apply(['red car', 'tall tree', 'man'], fromZero).open).toEqual([1, 2, 3]);
  });

  it('matches by number where the label is a short form', () => {
    const shortened = [box(1, 'man', [1, 2, 30, 40]), box(2, 'man', [2, 2, 30, 40])];

    expect(found(apply(['man', 'old man'], shortened))).toEqual({ 1: [1], 2: [2] });
  });

  it('matches no box of another thing with a single expression', () => {
    const answer = (text: string, ...labels: string[]) =>
      found(
        apply(
          [text],
          labels.map((label, n) => box(undefined, label, [n, 2, 300, 400])),
        ),
      );

    expect(answer('man', 'woman', 'man')).toEqual({ 1: [1] });
    expect(answer('red car', 'blue car', 'red car')).toEqual({ 1: [1] });
    expect(answer('red car', 'blue car')).toEqual({});
    expect(answer('car', 'carpet')).toEqual({});
    expect(answer('two dogs', 'dog')).toEqual({ 1: [0] });
    expect(answer('red car', 'car on the left')).toEqual({ 1: [0] });
    expect(answer('man', 'an old man with a stick')).toEqual({ 1: [0] });
    expect(answer('猫', '黑猫')).toEqual({ 1: [0] });
  });

  it('leaves expressions with fractions open where integers were asked for', () => {
    const applied = apply(['red car'], [box(1, 'red car', [0.1, 0.2, 0.5, 0.6])]);

    expect(applied).toMatchObject({ open: [1], dropped: { box_off_scale: 1 } });
    expect(found(applied)).toEqual({ 1: 'dropped' });
    expect(found(apply(['dot'], [box(1, 'dot', [0, 0, 1, 1])]))).toEqual({ 1: [0] });
  });

  it('accepts an absence although an unusable box accompanies it', () => {
    expect(found(apply(['dog', 'cat'], { boxes: [box(1), box(2, 'cat', [0, 0, 0, 0])], absent: [2] }))).toEqual({ 1: [100], 2: 'absent' });
    expect(found(apply(['dog', 'cat'], "{'boxes': [{'bbox_2d': [100, 200, 300, 400], 'label': 'dog', 'id': 1}], 'absent': [2],}"))).toEqual(
      {
        1: [100],
        2: 'absent',
      },
    );
  });

  it('matches a box without a label with a single expression', () => {
    expect(found(apply(['red car'], [{ bbox_2d: [100, 200, 300, 400] }]))).toEqual({ 1: [100] });
    expect(found(apply(['red car'], [{ bbox_2d: [100, 200, 300, 400], label: 'car' }]))).toEqual({ 1: [100] });
    expect(found(apply(['red car'], [{ bbox_2d: [100, 200, 300, 400], label: 'dog' }]))).toEqual({});
    expect(found(apply(['red car', 'tree'], [{ bbox_2d: [100, 200, 300, 400] }]))).toEqual({});
  });

  it('reads an empty list as "none" for one expression, for several only when repeated', () => {
    expect(found(apply(['red car'], '[]'))).toEqual({ 1: 'absent' });
    expect(apply(['red car', 'tree'], '[]').open).toEqual([1, 2]);
    expect(found(apply(['red car', 'tree'], '[]', { again: true }))).toEqual({ 1: 'absent', 2: 'absent' });
    expect(apply(['red car'], 'I see no car.', { again: true }).open).toEqual([1]);
  });

  it('drops unusable boxes with a reason, and keeps the others', () => {
    const applied = apply(
      ['red car', 'tree', 'dog'],
      [
        box(1, '', [100, 200, 300, 400]),
        box(1, '', [1200, 200, 1500, 400]),
        box(2, '', [50, 50, 50, 90]),
        box(2, '', [2000, 0, 2100, 50]),
        box(3, '', [1, 2, 3]),
      ],
    );

    expect(found(applied)).toEqual({ 1: [100], 2: 'dropped', 3: 'dropped' });
    expect(applied.answers.get(2)?.note).toBe('only unusable boxes: 1 without area, 1 mostly outside the image');
    expect(applied.dropped).toEqual({ box_outside: 2, box_without_area: 1, box_unreadable: 1 });
    expect(applied.open).toEqual([3]);
  });

  it('merges near duplicates within an expression, never across expressions', () => {
    const applied = apply(['red car', 'car'], [box(1), box(1, '', [101, 200, 300, 400]), box(2), box(1, '', [500, 200, 700, 400])]);

    expect(found(applied)).toEqual({ 1: [100, 500], 2: [100] });
    expect(applied.dropped).toEqual({ box_repeated: 1 });
  });

  it('uses only the first of repeated answers', () => {
    const list = (x: number) => `<|begin_of_box|>${JSON.stringify([box(1, 'red car', [x, 200, x + 200, 400])])}<|end_of_box|>`;

    expect(found(apply(['red car'], `${list(100)}\n${list(130)}\n${list(160)}`))).toEqual({ 1: [100] });
    expect(found(apply(['red car', 'tree'], `${JSON.stringify([box(1)])}\n${JSON.stringify([box(2)])}`))).toEqual({ 1: [100], 2: [100] });
  });

  it('keeps at most the configured number of instances', () => {
    const many = Array.from({ length: 14 }, (_, k) => box(1, '', [k * 70, 0, k * 70 + 60, 500]));
    const applied = apply(['sheep'], many);

    expect(applied.answers.get(1)?.instances.length).toBe(10);
    expect(applied.dropped).toEqual({ box_over_limit: 4 });
  });

  it('gives a score in [0,1] or none, and counts invalid scores', () => {
    const scored = (score: unknown) => {
      const { answers, dropped } = apply(['car'], [box(1, '', [100, 200, 300, 400], { score })]);
      return [answers.get(1)?.instances[0]?.score, dropped];
    };

    expect(scored(0.123456)).toEqual([0.1235, {}]);
    expect(scored('0.5')).toEqual([0.5, {}]);
    expect(scored(1)).toEqual([1, {}]);
    expect(scored(undefined)).toEqual([null, {}]);
    expect(scored(95)).toEqual([0.95, { score_in_percent: 1 }]);
    expect(scored('95.5%')).toEqual([0.955, { score_in_percent: 1 }]);
    for (const bad of [-0.1, 1.2, 700, 'high', true, []]) expect(scored(bad)).toEqual([null, { score_invalid: 1 }]);
  });

  it('ignores scores of a family without meaningful ones', () => {
    const { answers } = apply(['car'], [box(1, '', [100, 200, 300, 400], { score: 0.99 })], {
      profile: { ...plainProfile, scores: false },
    });

    expect(answers.get(1)?.instances[0]?.score).toBeNull();
  });

  it('keeps the remark of a model with few classes on why it found nothing', () => {
    const { answers } = apply(['kite'], { boxes: [], absent: [1], notes: { 1: 'not one of 80 classes' } });

    expect(answers.get(1)).toEqual({ grounding: 'absent', note: 'not one of 80 classes', instances: [] });
  });

  it('by the convention of the profile, whatever the key is', () => {
    const profile: ModelProfile = { ...plainProfile, box: { key: 'bbox_2d', order: 'yxyx', scale: 1 } };

    expect(apply(['car'], [{ box_2d: [0.2, 0.1, 0.8, 0.3], id: 1 }], { profile }).answers.get(1)?.instances[0]?.bbox).toEqual([
      100, 100, 300, 400,
    ]);
  });
});
