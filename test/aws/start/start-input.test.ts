import { describe, expect, it } from 'vitest';
import { listStartOverrides, parseStartInput } from '#aws/start/start-input.ts';
import { loadSpec } from '#spec/load-spec.ts';

const input = 's3://b/inputs/d/captions.jsonl';
const settingsOf = (start: object) =>
  loadSpec({ overrides: listStartOverrides(parseStartInput({ input, ...start })), env: () => undefined, needs: [] }).settings;

describe('input of an execution', () => {
  it('may be the address of the captions alone', () => {
    expect(parseStartInput({ input })).toEqual({ input });
  });

  it('takes settings nested as in a spec file, dotted as on the command line, and the short ones', () => {
    const settings = settingsOf({
      spec: { vlm: { backend: 'openai', openai: { model_name: 'm' } }, 'extraction.instructions': 'say "hi" to ${you}' },
      max_workers: 12,
      limit: 3,
      steps: [0],
    });

    expect(settings.vlm).toMatchObject({ backend: 'openai', openai: { model_name: 'm' } });
    expect(settings.extraction.instructions).toBe('say "hi" to ${you}');
    expect(settings.workflow).toMatchObject({ max_workers: 12, limit: 3, steps: ['0'] });
  });

  it('ignores the field that Step Functions adds', () => {
    expect(parseStartInput({ input, AWS_STEP_FUNCTIONS_STARTED_BY_EXECUTION_ID: 'arn' })).toEqual({ input });
  });

  it.each([[{}], [{ input, max_worker: 3 }], [{ input, limit: 0 }], ['text'], [{ input: 7 }]])(
    'rejects %o with an example of valid input',
    (wrong) => {
      expect(() => parseStartInput(wrong)).toThrow(/cannot be used .*write \{"input":"s3:.*max_workers/s);
    },
  );
});
