import { describe, expect, it } from 'vitest';
import { createRunStateStore } from '#aws/run-state/run-state-store.ts';
import { serveDynamo } from '../dynamo-server.ts';

const dynamo = serveDynamo();
const noon = Date.UTC(2026, 0, 1, 12);

async function openItem(runId = 'run-1') {
  return createRunStateStore({ client: dynamo.connect(), table: await dynamo.emptyTable(), runId, now: () => noon });
}

describe('the state of a run', () => {
  it('is all zeros at first', async () => {
    const item = await openItem();

    expect(await item.read()).toEqual({ done: 0, failed: 0, cached: 0, calls: 0, spent: 0, pauseUntil: 0, notices: [] });
  });

  it('sums the counts of concurrent workers', async () => {
    const item = await openItem();

    await Promise.all(Array.from({ length: 50 }, () => item.add({ done: 2, failed: 1, calls: 3, spent: 0.000123 })));

    expect(await item.read()).toMatchObject({ done: 100, failed: 50, calls: 150, spent: expect.closeTo(0.00615, 8) });
  });

  it('keeps the first reason to stop', async () => {
    const item = await openItem();

    await item.stop('unauthorized', 'the key was refused');
    await item.stop('budget_reached', 'too late');

    expect((await item.read()).stop).toEqual({ reason: 'unauthorized', message: 'the key was refused' });
  });

  it('extends a pause and never shortens it', async () => {
    const item = await openItem();

    await item.pause(noon + 5_000);
    await item.pause(noon + 2_000);

    expect((await item.read()).pauseUntil).toBe(noon + 5_000);
  });

  it('gives a task to one worker', async () => {
    const item = await openItem();

    const claims = await Promise.all(Array.from({ length: 10 }, () => item.claim('look at the model')));

    expect(claims.filter(Boolean)).toHaveLength(1);
  });

  it('stores each notice once for all workers', async () => {
    const item = await openItem();

    await Promise.all([item.addNotice('a'), item.addNotice('b'), item.addNotice('a')]);

    expect((await item.read()).notices.toSorted()).toEqual(['a', 'b']);
  });

  it('stores notices once that differ only in numbers', async () => {
    const item = await openItem();

    await item.addNotice('too fast, please retry in 36.61s; waiting, for up to 90 s more');
    await item.addNotice('too fast, please retry in 2h; waiting, for up to 2 min more');
    await item.addNotice('too large');

    expect((await item.read()).notices.toSorted()).toEqual(['too fast, please retry in 36.61s; waiting, for up to 90 s more', 'too large']);
  });

  it('has room for a stop after any number of notices', async () => {
    const item = await openItem();
    const words = 'abcdefghijklmnopqrstuvwxyz'.split('').flatMap((a, _, all) => all.map((b) => a + b));

    await Promise.all(words.map((word) => item.addNotice(word.repeat(500))));
    await item.stop('unauthorized', 'the key was refused');

    const { notices, stop } = await item.read();
    expect(notices).toHaveLength(20);
    expect(stop?.reason).toBe('unauthorized');
  });

  it('does not throw when a notice cannot be stored', async () => {
    const item = createRunStateStore({ client: dynamo.connect(), table: 'none', runId: 'run-1', now: () => noon });

    await expect(item.addNotice('a')).resolves.toBeUndefined();
  });

  it('has phase and total for people who watch the run', async () => {
    const item = await openItem();

    await item.describe({ phase: 'running', total: 7 });
    await item.describe({ phase: 'finished' });

    expect(await item.read()).toMatchObject({ phase: 'finished', total: 7 });
  });
});
