import { describe, expect, it } from 'vitest';
import { reportFailure, reportRecord } from '#report/reported-record.ts';
import { resultRecord } from '#results/result-record.ts';

function report(value: unknown) {
  const read = resultRecord(value, 1);
  return typeof read === 'string' ? undefined : reportRecord(read, 1);
}

const record = {
  image_path: 'img/a.jpg',
  caption: 'um a cat',
  image_id: 7,
  width: 640,
  height: 480,
  cleaned_caption: 'A cat.',
  expressions: [
    {
      text: 'A cat',
      expression_id: 'e',
      char_span: [0, 5],
      noun_chunk: 'cat',
      grounding: 'found',
      instances: [{ bbox: [1, 2, 3, 4], score: 0.5, bbox_id: 'b' }],
    },
  ],
  source: 'image_grounding',
  pipeline_steps: ['step0_expression_extraction', 'step1_grounding'],
  status: 'ok',
};

describe('a record in the report', () => {
  it('shows phrases with their spans, boxes and scores', () => {
    expect(report(record)?.phrases).toEqual([{ text: 'A cat', span: [0, 5], outcome: 'found', boxes: [[1, 2, 3, 4, 0.5]] }]);
  });

  it('keeps a missing score missing', () => {
    const unscored = { ...record, expressions: [{ text: 'A cat', char_span: [0, 5], instances: [{ bbox: [1, 2, 3, 4], score: null }] }] };

    expect(report(unscored)?.phrases[0]?.boxes).toEqual([[1, 2, 3, 4, null]]);
  });

  it("reads TAO's own files: bbox_score, no grounding, no sizes", () => {
    const { width: _w, height: _h, status: _s, ...foreign } = record;
    const tao = {
      ...foreign,
      expressions: [
        { text: 'A cat', char_span: [0, 5], instances: [{ bbox: [1, 2, 3, 4], bbox_score: 0.9 }] },
        { text: 'a dog', instances: [] },
      ],
    };

    const shown = report(tao);
    expect(shown?.phrases.map(({ outcome, boxes }) => [outcome, boxes])).toEqual([
      ['found', [[1, 2, 3, 4, 0.9]]],
      ['unanswered', []],
    ]);
    expect(shown).not.toHaveProperty('width');
  });

  it('says that phrases were not grounded where only extraction ran', () => {
    const extracted = {
      ...record,
      pipeline_steps: ['step0_expression_extraction'],
      expressions: [{ text: 'A cat', char_span: [0, 5], instances: [] }],
    };

    expect(report(extracted)?.phrases[0]?.outcome).toBe('not_grounded');
  });

  it('is none where the line is no record', () => {
    for (const value of [null, [], 'text', { caption: 'no path' }, { ...record, expressions: [{ text: 3 }] }])
      expect(report(value)).toBeUndefined();
  });
});

describe('a failed line in the report', () => {
  it('shows code, message, attempts and the head of the reply', () => {
    const envelope = {
      line: 4,
      image_base: '/data',
      step: 'step_1',
      code: 'reply_unusable',
      message: 'no boxes',
      attempts: 2,
      reply_head: 'Sorry',
    };

    expect(reportFailure({ image_path: 'a.jpg', caption: 'a cat', _groundline: envelope })).toEqual({
      line: 4,
      id: 'a',
      path: 'a.jpg',
      status: 'failed',
      caption: 'a cat',
      phrases: [],
      failure: { step: 'step_1', code: 'reply_unusable', message: 'no boxes', attempts: 2, replyHead: 'Sorry' },
    });
  });

  it('shows the raw text of a line that was no JSON', () => {
    const envelope = { line: 1, image_base: '', step: 'input', code: 'invalid_line', message: 'not JSON', attempts: 0 };

    expect(reportFailure({ raw: '{"oops', _groundline: envelope })?.caption).toBe('{"oops');
  });
});
