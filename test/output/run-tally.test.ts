import { expect, test } from 'vitest';
import type { LineResult } from '#output/line-result.ts';
import { countLine, createRunTally } from '#output/run-tally.ts';
import { StepFacts } from '#output/step-line.ts';

const usage = { calls: 1, input: 100, cachedInput: 0, output: 10, thinking: 5 };
const step = (facts: Partial<StepFacts>) => ({
  facts: StepFacts.parse({ n: 1, id: 'a', status: 'done', cached: false, usage, ...facts }),
  text: '{}',
});

function tallyOf(...lines: LineResult[]) {
  const tally = createRunTally();
  for (const line of lines) countLine(tally, line);
  return tally;
}

test('done, partial, failed and cached lines are counted separately', () => {
  const tally = tallyOf(
    { step_0: step({}), step_1: step({ groundings: { found: 2 }, boxes: 3, expressions: 2 }) },
    { step_0: step({ cached: true }), step_1: step({ status: 'partial', groundings: { found: 1, unanswered: 1 } }) },
    { step_0: step({ cached: true }), step_1: step({ cached: true }) },
    { step_0: step({ status: 'failed', code: 'image_not_found' }) },
    { failure: { code: 'invalid_line', text: '{}' } },
  );

  expect(tally).toMatchObject({ done: 3, partial: 1, failed: 2, cached: 1, boxes: 3, expressions: 2 });
  expect(tally.failures).toEqual({ image_not_found: 1, invalid_line: 1 });
  expect(tally.groundings).toEqual({ found: 3, unanswered: 1 });
});

test('calls without reported tokens are counted separately', () => {
  const unreportedCall = { calls: 1, input: 0, cachedInput: 0, output: 0, thinking: 0, unreported: 1 };
  const { step_0, step_1 } = tallyOf(
    { step_0: step({ usage: unreportedCall }), step_1: step({}) },
    { step_0: step({}), step_1: step({}) },
  ).steps;

  expect(step_0.now).toEqual({ calls: 2, input: 100, cachedInput: 0, output: 10, thinking: 5, unreported: 1 });
  expect(step_1.now).not.toHaveProperty('unreported');
});

test('tokens of this run and tokens of the results are two things', () => {
  const { step_0, step_1 } = tallyOf(
    { step_0: step({ cached: true }), step_1: step({}) },
    { step_0: step({ status: 'failed', code: 'x' }) },
  ).steps;

  expect(step_0.now.calls).toBe(1);
  expect(step_0.inAll.calls).toBe(2);
  expect(step_1.now).toEqual(usage);
});

test('a line that fails in step 1 counts as failed, with what step 0 took', () => {
  const tally = tallyOf({ step_0: step({}), step_1: step({ status: 'failed', code: 'model_refused', usage: undefined }) });

  expect(tally).toMatchObject({ done: 0, failed: 1, failures: { model_refused: 1 } });
  expect(tally.steps.step_0.now.input).toBe(100);
});
