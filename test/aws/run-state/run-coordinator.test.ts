import { describe, expect, it } from 'vitest';
import { createRunCoordinator } from '#aws/run-state/run-coordinator.ts';
import { createRunStateStore, type RunStateStore } from '#aws/run-state/run-state-store.ts';
import { RunStopError } from '#core/errors.ts';
import { createFakeClock } from '#test/models/fake-clock.ts';
import { serveDynamo } from '../dynamo-server.ts';

const dynamo = serveDynamo();

async function openCoordinator(budgetUsd?: number) {
  const clock = createFakeClock();
  const client = dynamo.connect();
  const table = await dynamo.emptyTable();
  const item = createRunStateStore({ client, table, runId: 'run-1', now: () => clock.now() });
  const asked: string[] = [];
  const watched = Object.fromEntries(
    Object.entries(item).map(([name, call]) => [
      name,
      (...args: unknown[]) => {
        asked.push(name);
        return (call as (...given: unknown[]) => unknown)(...args);
      },
    ]),
  ) as unknown as RunStateStore;
  return { clock, item, asked, coordinator: createRunCoordinator({ store: watched, clock, budgetUsd }) };
}

/** Advances the clock in small steps, with real replies in between. */
async function pass(clock: ReturnType<typeof createFakeClock>, ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += 500) {
    await clock.advance(500);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

describe('a run coordinator', () => {
  it('starts no call more than five seconds after the stop of another worker', async () => {
    const { clock, item, coordinator } = await openCoordinator();
    const end = new AbortController();
    const watching = coordinator.watch(end.signal);
    await coordinator.beforeCall();

    await item.stop('unauthorized', 'the key was refused');
    await pass(clock, 5_000);

    await expect(coordinator.beforeCall()).rejects.toThrow('the key was refused');
    end.abort();
    await watching;
  });

  it('throws a StorageError when the spending of a run with a budget cannot be summed', async () => {
    const { item } = await openCoordinator();
    const add = () => Promise.reject(new Error('ProvisionedThroughputExceeded'));
    const coordinator = createRunCoordinator({ store: { ...item, add }, clock: createFakeClock(), budgetUsd: 1 });
    coordinator.count({ spent: 0.5 });

    await expect(coordinator.beforeCall()).rejects.toMatchObject({ name: 'StorageError', message: expect.stringContaining('Exceeded') });
  });

  it('adds its counts every ten seconds, and reads in between', async () => {
    const { clock, item, coordinator, asked } = await openCoordinator();
    const end = new AbortController();
    const watching = coordinator.watch(end.signal);

    for (let second = 0; second < 30; second++) {
      coordinator.count({ done: 1 });
      await pass(clock, 1_000);
    }

    expect(asked.filter((name) => name === 'add').length).toBeLessThanOrEqual(3);
    expect((await item.read()).done).toBeGreaterThan(15);
    await coordinator.flush();
    expect((await item.read()).done).toBe(30);
    end.abort();
    await watching;
  });

  it('shares a pause that extends the shared one, at most every five seconds', async () => {
    const { clock, item, coordinator, asked } = await openCoordinator();

    coordinator.throttle.onPause?.(10_000);
    coordinator.throttle.onPause?.(11_000);
    coordinator.throttle.onPause?.(30_000);
    await pass(clock, 5_000);
    coordinator.throttle.onPause?.(31_000);

    await expect.poll(async () => (await item.read()).pauseUntil).toBe(31_000);
    expect(asked.filter((name) => name === 'pause')).toHaveLength(2);
  });

  it('applies a pause of another worker to the models', async () => {
    const { item, coordinator } = await openCoordinator();
    const pauses: number[] = [];
    coordinator.throttle.listen?.((until) => pauses.push(until));

    await item.pause(20_000);
    await coordinator.refresh();
    await coordinator.refresh();

    expect(pauses).toEqual([20_000]);
    expect(coordinator.pausedUntil).toBe(20_000);
  });

  it('stops before the next call once all workers together have spent the budget', async () => {
    const { item, coordinator } = await openCoordinator(1);
    await item.add({ spent: 0.7 });
    coordinator.count({ spent: 0.2 });
    await coordinator.beforeCall();

    coordinator.count({ spent: 0.2 });

    await expect(coordinator.beforeCall()).rejects.toThrow(RunStopError);
    expect((await item.read()).stop?.reason).toBe('budget_reached');
  });

  it('combines the additions of calls that end at the same time', async () => {
    const { coordinator, asked, item } = await openCoordinator(100);

    await Promise.all(
      Array.from({ length: 40 }, async () => {
        coordinator.count({ spent: 0.01 });
        await coordinator.beforeCall();
      }),
    );

    expect(asked.filter((name) => name === 'add').length).toBeLessThan(5);
    expect((await item.read()).spent).toBeCloseTo(0.4, 8);
  });
});
