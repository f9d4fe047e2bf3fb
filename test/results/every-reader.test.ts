import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { readPilot } from '#cli/local/pilot.ts';
import { evaluateResults } from '#evaluate/evaluate-results.ts';
import { exportFormats } from '#export/export-formats.ts';
import { openResults } from '#results/read-records.ts';
import { createDirectoryFiles } from '#storage/disk/directory-files.ts';
import { failedLine, truthIn, writeLines } from '#test/evaluate/evaluated-results.ts';
import { exportFrom, leftOut } from '#test/export/export-known.ts';
import { tempFolderUntilEnd } from '#test/export/temp-folder-until-end.ts';
import { embeddedData, reportInFolder } from '#test/report/report-in-folder.ts';

const box = { bbox: [10, 20, 30, 40], score: 0.5, bbox_id: 'box' };
const taoBox = { bbox: [10, 20, 30, 40], bbox_score: 0.9, bbox_id: 'box_00000' };
const grounded = ['step0_expression_extraction', 'step1_grounding'];

interface KnownLine {
  readonly name: string;
  /** Of the line's only expression. */
  readonly expression: { readonly grounding?: string; readonly instances: readonly object[] };
  /** `failed`: the record of a failed line in the TAO form. */
  readonly outcome: 'found' | 'absent' | 'dropped' | 'unanswered' | 'failed';
  /** Record fields of other tools. */
  readonly fields?: object;
}

const lines: readonly KnownLine[] = [
  { name: 'found', expression: { grounding: 'found', instances: [box] }, outcome: 'found' },
  { name: 'absent', expression: { grounding: 'absent', instances: [] }, outcome: 'absent' },
  { name: 'dropped', expression: { grounding: 'dropped', instances: [] }, outcome: 'dropped', fields: { status: 'partial' } },
  { name: 'unanswered', expression: { grounding: 'unanswered', instances: [] }, outcome: 'unanswered', fields: { status: 'partial' } },
  { name: 'found without a box', expression: { grounding: 'found', instances: [] }, outcome: 'unanswered' },
  { name: 'absent with a box', expression: { grounding: 'absent', instances: [box] }, outcome: 'found' },
  { name: 'no grounding, a box', expression: { instances: [box] }, outcome: 'found' },
  { name: 'no grounding, no box', expression: { instances: [] }, outcome: 'unanswered' },
  { name: 'no steps named', expression: { instances: [] }, outcome: 'unanswered', fields: { pipeline_steps: undefined } },
  { name: 'TAO with a box', expression: { instances: [taoBox] }, outcome: 'found', fields: { status: undefined } },
  { name: 'TAO without a box', expression: { instances: [] }, outcome: 'unanswered', fields: { status: undefined } },
  { name: 'TAO, failed', expression: { instances: [] }, outcome: 'failed', fields: { expressions: [], status: 'failed' } },
  { name: 'after the failed one', expression: { grounding: 'found', instances: [box] }, outcome: 'found' },
];

function recordText({ name, expression, fields }: KnownLine): string {
  return JSON.stringify({
    image_path: `img/${name}.jpg`,
    caption: 'a cat',
    image_id: name,
    width: 100,
    height: 100,
    cleaned_caption: 'a cat',
    expressions: [{ text: 'a cat', expression_id: 'expr', char_span: [0, 5], noun_chunk: 'cat', ...expression }],
    source: 'image_grounding',
    pipeline_steps: grounded,
    status: 'ok',
    ...fields,
  });
}

/** With the numbers of the lines, from 1 on. */
const expectedOutcomes = Object.fromEntries(lines.map(({ outcome }, index) => [index + 1, outcome]));
const countOutcome = (wanted: KnownLine['outcome']) => lines.filter(({ outcome }) => outcome === wanted).length;

const folder = tempFolderUntilEnd();

beforeAll(() => {
  writeLines(join(folder, 'annotations.jsonl'), lines.map(recordText));
  const failed = lines.findIndex(({ outcome }) => outcome === 'failed');
  writeLines(join(folder, 'failed.jsonl'), [failedLine(failed + 1, `img/${lines[failed]?.name}.jpg`, 'a cat')]);
});

const open = () => openResults(createDirectoryFiles(folder));

describe('one set of records has one outcome', () => {
  it('in the records that exports and evaluation read', async () => {
    const records = await Array.fromAsync((await open()).records());

    const outcomes = records.map(({ line, status, expressions }) => [line, status === 'failed' ? status : expressions[0]?.grounding]);
    expect(Object.fromEntries(outcomes)).toEqual(expectedOutcomes);
  });

  it('in the report, sample by sample and in its counts', async () => {
    const { samples, totals } = embeddedData(readFileSync(await reportInFolder(folder, { images: undefined }), 'utf8'));

    expect(
      Object.fromEntries(samples.map(({ line, status, phrases }) => [line, status === 'failed' ? status : phrases[0]?.outcome])),
    ).toEqual(expectedOutcomes);
    expect(samples).toHaveLength(lines.length);
    expect(totals.samples.failed).toBe(1);
    expect(totals.phrases).toEqual({
      found: countOutcome('found'),
      absent: countOutcome('absent'),
      dropped: countOutcome('dropped'),
      unanswered: countOutcome('unanswered'),
      not_grounded: 0,
    });
  });

  it('in the evaluation, where a dropped box is no answer either', async () => {
    const far = [60, 60, 90, 90] as const;
    const truth = lines.map(({ name }) => ({
      image: `img/${name}.jpg`,
      caption: 'a cat',
      expressions: [{ text: 'a cat', boxes: [[...far]] as [[number, number, number, number]] }],
    }));

    const { worst, counts } = await evaluateResults({ results: await open(), truth: truthIn(folder, truth) });

    const names = { found: 'answered', absent: 'rejected', dropped: 'unanswered', unanswered: 'unanswered', failed: 'failed' };
    expect(Object.fromEntries(worst.map(({ line, outcome }) => [line, outcome]))).toEqual(
      Object.fromEntries(lines.map(({ outcome }, index) => [index + 1, names[outcome]])),
    );
    expect(counts).toMatchObject({ failed: 1, joined: lines.length, withoutTruth: 0 });
  });

  it.each(exportFormats.map(({ name }) => name))('in the %s export', async (format) => {
    const done = await exportFrom(folder, format);

    expect(done.summary.boxes).toBe(countOutcome('found'));
    expect(leftOut(done)).toMatchObject({
      failedSamples: 1,
      absent: countOutcome('absent'),
      unusable: countOutcome('dropped'),
      unanswered: countOutcome('unanswered'),
    });
    expect(leftOut(done)).not.toHaveProperty('boxless');
  });

  it('in the count of a pilot, which leaves failed samples out', async () => {
    const { samples, emptyRate } = await readPilot(createDirectoryFiles(folder));

    expect(samples).toBe(lines.length - 1);
    expect(emptyRate * samples).toBeCloseTo(lines.length - 1 - countOutcome('found'));
  });
});
