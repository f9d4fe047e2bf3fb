import { describe, expect, it } from 'vitest';
import { createLease } from '#aws/run-state/lease.ts';
import { serveDynamo } from '../dynamo-server.ts';

const dynamo = serveDynamo();

/** Runs of one dataset. A run is running until it is removed from `running`. */
async function open() {
  const client = dynamo.connect();
  const table = await dynamo.emptyTable();
  const running = new Set<string>();
  const stopped: string[] = [];
  let now = 1_800_000_000_000;
  const others = {
    isRunning: async (arn: string) => running.has(arn),
    stop: async (runId: string) => void stopped.push(runId),
  };
  const run = (runId: string) => {
    running.add(runId);
    const lease = createLease({ client, table, name: 'b/inputs/d/', runId, executionArn: runId, now: () => now });
    return { acquire: () => lease.acquire(others), release: () => lease.release() };
  };
  return { run, running, stopped, pass: (seconds: number) => (now += seconds * 1000) };
}

describe('the lease of a dataset', () => {
  it('is held by one run until that run releases it', async () => {
    const { run } = await open();
    const [first, second] = [run('a'), run('b')];

    expect(await first.acquire()).toBeUndefined();
    expect(await first.acquire()).toBeUndefined();
    expect(await second.acquire()).toEqual({ run: 'a' });
    await second.release();
    expect(await second.acquire()).toEqual({ run: 'a' });
    await first.release();
    expect(await second.acquire()).toBeUndefined();
  });

  it('goes to one of many simultaneous runs, and the others learn its holder', async () => {
    const { run } = await open();
    const names = Array.from({ length: 8 }, (_, index) => `run-${index}`);

    const answers = await Promise.all(names.map((name) => run(name).acquire()));

    const winners = names.filter((_, index) => answers[index] === undefined);
    expect(winners).toHaveLength(1);
    expect(answers.filter((answer) => answer?.run === winners[0])).toHaveLength(7);
  });

  it('of an aborted run can be acquired 30 seconds after its functions are stopped', async () => {
    const { run, running, stopped, pass } = await open();
    const [first, second, third] = [run('a'), run('b'), run('c')];
    await first.acquire();
    running.delete('a');

    expect(await second.acquire()).toEqual({ run: 'a', freeInSeconds: 30 });
    pass(10);
    expect(await third.acquire()).toEqual({ run: 'a', freeInSeconds: 20 });
    pass(19);
    expect(await second.acquire()).toEqual({ run: 'a', freeInSeconds: 1 });
    expect(stopped).toEqual(['a']);
    pass(1);
    expect(await second.acquire()).toBeUndefined();
    expect(await third.acquire()).toEqual({ run: 'b' });
  });

  it('stays with a run that was started again', async () => {
    const { run, running, pass } = await open();
    const [first, second] = [run('a'), run('b')];
    await first.acquire();
    running.delete('a');
    await second.acquire();
    running.add('a');
    pass(60);

    expect(await second.acquire()).toEqual({ run: 'a' });
  });
});
