import { expect, test } from 'vitest';
import { createAdmission } from '#run/admission.ts';

const settled = async (promise: Promise<void>) => {
  let done = false;
  promise.then(() => (done = true));
  await new Promise((resolve) => setImmediate(resolve));
  return done;
};

test('no more than the most are inside at once', async () => {
  const admission = createAdmission({ most: 2, least: 1, bytes: 100 });
  await admission.enter();
  await admission.enter();
  const third = admission.enter();

  expect(await settled(third)).toBe(false);
  admission.leave();
  expect(await settled(third)).toBe(true);
});

test('many bytes keep others out, but never all of the workers', async () => {
  const admission = createAdmission({ most: 8, least: 2, bytes: 100 });
  await admission.enter();
  admission.hold(1000);

  expect(await settled(admission.enter())).toBe(true);
  const third = admission.enter();
  expect(await settled(third)).toBe(false);
  admission.release(1000);
  expect(await settled(third)).toBe(true);
});

test('empty resolves when the last one has left', async () => {
  const admission = createAdmission({ most: 2, least: 1, bytes: 100 });
  await admission.enter();
  const empty = admission.empty();

  expect(await settled(empty)).toBe(false);
  admission.leave();
  expect(await settled(empty)).toBe(true);
});
