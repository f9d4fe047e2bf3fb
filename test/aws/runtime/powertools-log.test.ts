import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { noCounts } from '#aws/batch/count-batch.ts';
import { createPowertoolsLog } from '#aws/runtime/powertools-log.ts';

describe('log of a function', () => {
  const written: Record<string, unknown>[] = [];
  const warned = vi.fn();

  beforeEach(() => {
    // Makes Powertools write to the console that is spied on, and not to one of its own.
    vi.stubEnv('POWERTOOLS_DEV', 'true');
    vi.stubEnv('POWERTOOLS_METRICS_DISABLED', 'false');
    vi.spyOn(console, 'log').mockImplementation((line: string) => void written.push(JSON.parse(line)));
    vi.spyOn(console, 'warn').mockImplementation(warned);
  });
  afterEach(() => {
    vi.restoreAllMocks();
    vi.unstubAllEnvs();
  });

  it('counts by environment and by step, failures by code, batch after batch, and Powertools has nothing to complain of', () => {
    const log = createPowertoolsLog('dev');

    for (const step of ['step_0', 'step_1'] as const) log.count(step, { ...noCounts(), done: 3, failures: { image_missing: 2 } });

    const metrics = written.map(({ _aws, ...values }) => {
      const { CloudWatchMetrics } = _aws as { CloudWatchMetrics: { Dimensions: string[][] }[] };
      return { dimensions: CloudWatchMetrics[0]?.Dimensions, ...values };
    });
    const failures = { dimensions: [['environment', 'code']], environment: 'dev', code: 'image_missing', Failures: 2 };
    const batch = (step: string) =>
      expect.objectContaining({ dimensions: [['environment'], ['environment', 'step']], environment: 'dev', step, SamplesDone: 3 });
    expect(metrics).toEqual([batch('step_0'), failures, batch('step_1'), failures]);
    expect(warned).not.toHaveBeenCalled();
  });
});
