import { expect, test } from 'vitest';
import { Settings } from '#core/settings.ts';
import { estimateRun } from '#run/aws/estimate-run.ts';

const settings = Settings.parse({ vlm: { backend: 'openai', openai: { model_name: 'gpt-4.1-mini' } } });
const at = Date.parse('2026-11-28');

test('an estimate on AWS pays each step for the samples that it asks about', () => {
  const both = estimateRun(settings, { extraction: 4, grounding: 4 }, at);
  const own = estimateRun(settings, { extraction: 0, grounding: 4 }, at);

  expect(both.calls).toBe(8);
  expect(own.calls).toBe(4);
  expect(own.costUsd).toBeLessThan(both.costUsd ?? 0);
});
