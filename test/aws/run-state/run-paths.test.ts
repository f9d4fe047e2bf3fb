import { describe, expect, it } from 'vitest';
import { executionName, parsePreviousRun, partName, resolveDataset, resolveRunPaths } from '#aws/run-state/run-paths.ts';

const upload = { bucket: 'b', key: 'inputs/birds/captions.jsonl', captions: 'v1', spec: 's1' };

describe('the paths of a run', () => {
  it.each([
    ['inputs/birds/captions.jsonl', 'birds'],
    ['inputs/2026/north sea/captions.jsonl.gz', '2026/north sea'],
    ['runs/2026/birds/birds-0a/failed.jsonl', '2026/birds'],
    ['runs/birds/birds-0a/step_0_expression_extraction/annotations.jsonl', 'birds'],
    ['elsewhere/lines.jsonl', 'elsewhere'],
    ['lines.jsonl', 'lines'],
  ])('are below the dataset of %s: %s', (key, dataset) => {
    expect(resolveDataset(key)).toBe(dataset);
    expect(resolveRunPaths(`s3://bucket/${key}`, 'run-1').prefix).toBe(`runs/${dataset}/run-1`);
  });

  it('identify the run of a failed.jsonl', () => {
    expect(parsePreviousRun('runs/a/b/run-1/failed.jsonl')).toEqual({ dataset: 'a/b', runId: 'run-1', prefix: 'runs/a/b/run-1' });
    expect(parsePreviousRun('inputs/a/captions.jsonl')).toBeUndefined();
  });

  it('list parts in the order of their first lines', () => {
    const names = [1, 9, 10, 201, 9_999_999, 10_000_000].map(partName);

    expect(names.toSorted()).toEqual(names);
  });
});

describe('execution name', () => {
  it('is equal for every event of one upload', () => {
    expect(executionName({ ...upload })).toBe(executionName({ ...upload }));
  });

  it.each([{ bucket: 'c' }, { key: 'inputs/fish/captions.jsonl' }, { captions: 'v2' }, { spec: 's2' }, { spec: undefined }])(
    'differs with %o',
    (difference) => {
      expect(executionName({ ...upload, ...difference })).not.toBe(executionName(upload));
    },
  );

  it.each(['birds', 'a b/c', 'x'.repeat(300), 'vögel', '鳥', '-'])('is valid in Step Functions for the dataset %s', (dataset) => {
    const name = executionName({ ...upload, key: `inputs/${dataset}/captions.jsonl` });

    expect(name).toMatch(/^[A-Za-z0-9_-]{1,80}$/);
  });
});
