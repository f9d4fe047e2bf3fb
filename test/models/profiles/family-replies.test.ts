import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { Settings } from '#core/settings.ts';
import { fitSize } from '#images/fit-size.ts';
import { families, profileByName } from '#models/profiles/profiles.ts';
import { applyGrounding } from '#steps/ground/ground.ts';
import { readBoxes } from '#steps/ground/read-boxes.ts';

interface FamilyReply {
  readonly family: string;
  readonly asked: readonly string[];
  readonly reply: string;
  /** Labels of the boxes in the order of the reply; `null` = the box has none. */
  readonly labels: readonly (string | null)[];
  /** Scores of the found boxes; families without usable scores have none. */
  readonly scores?: readonly (number | null)[];
  /** Oddities of the reply that are counted, by reason. */
  readonly counted?: Readonly<Record<string, number>>;
  /** By expression: boxes in pixels of the upright image, or the outcome without boxes. */
  readonly expected: Readonly<Record<string, readonly (readonly number[])[] | 'absent' | 'unanswered'>>;
}

const upright = { width: 1600, height: 1000 };

const replies = ['open', 'google', 'hosted'].flatMap((group) => {
  const file = new URL(`../fixtures/replies/${group}-families.yaml`, import.meta.url);
  return parse(readFileSync(file, 'utf8')) as FamilyReply[];
});

/** Reads a reply as step 1 does, with the image at the size at which the family gets it. */
function applyReply({ family, asked, reply }: FamilyReply) {
  const profile = profileByName(family);
  if (!profile) throw new Error(`fixture of an unknown family: ${family}`);
  const expressions = asked.map((text, index) => ({ id: index + 1, text, nounChunk: text.split(' ').at(-1) ?? text }));
  const sent = fitSize(upright, profile.image);
  const input = { caption: '', asked: expressions, settings: Settings.parse({}).grounding, profile, sent, upright };
  return { profile, applied: applyGrounding(input, reply) };
}

describe('replies of the model families', () => {
  test('every family of the profiles has a reply with boxes', () => {
    const withBoxes = replies.filter(({ expected }) => Object.values(expected).some((outcome) => typeof outcome !== 'string'));

    expect(new Set(withBoxes.map(({ family }) => family))).toEqual(new Set(families.map(({ profile }) => profile.family)));
  });

  test('every family of the profiles has a reply about a thing that is not visible', () => {
    const without = replies.filter(({ expected }) => Object.values(expected).some((outcome) => typeof outcome === 'string'));

    expect(new Set(without.map(({ family }) => family))).toEqual(new Set(families.map(({ profile }) => profile.family)));
  });

  test.each(replies)('$family about $asked: boxes, absences and scores are read', (fixture) => {
    const { profile, applied } = applyReply(fixture);

    const outcomes = fixture.asked.map((text, index) => {
      const answer = applied.answers.get(index + 1);
      return [text, answer?.grounding === 'found' ? answer.instances.map(({ bbox }) => bbox) : (answer?.grounding ?? 'unanswered')];
    });
    expect(Object.fromEntries(outcomes)).toEqual(fixture.expected);
    expect(applied.dropped).toEqual(fixture.counted ?? {});
    const scores = [...applied.answers.values()].flatMap(({ instances }) => instances.map(({ score }) => score));
    expect(scores).toEqual(profile.scores ? fixture.scores : scores.map(() => null));
  });

  test.each(replies)('$family about $asked: labels are read as the reply writes them', ({ family, reply, labels }) => {
    const { boxes } = readBoxes(reply, profileByName(family)?.box.key);

    expect(boxes.flatMap(({ label, box }) => (label === undefined && box === 'absent' ? [] : [label ?? null]))).toEqual(labels);
  });
});
