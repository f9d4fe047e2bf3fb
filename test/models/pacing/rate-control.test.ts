import { describe, expect, test } from 'vitest';
import { createRateControl } from '#models/pacing/rate-control.ts';
import { type SimulatedServer, simulate } from './simulated-server.ts';

const seeds = Array.from({ length: 20 }, (_, index) => index + 1);
const median = (values: number[]) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] as number;
const runs = (server: Omit<SimulatedServer, 'seed'>) => seeds.map((seed) => simulate({ ...server, seed }));

describe('rate control against a simulated server', () => {
  test('only the workers limit a server that refuses nothing', () => {
    const run = simulate({ workers: 64, calls: 2000, latencyMs: 300, seed: 1 });

    expect(run.seconds).toBeLessThan(((2000 / 64) * 0.3) / 0.97);
  });

  test('a server that refuses one call in five at random is not slowed down for it', () => {
    const clean = simulate({ workers: 16, calls: 1000, latencyMs: 300, seed: 1 });
    const refusing = runs({ workers: 16, calls: 1000, latencyMs: 300, refusedAtRandom: 0.2 });

    expect(median(refusing.map((run) => run.seconds))).toBeLessThan(1.3 * clean.seconds);
  });

  test('a limit of 40 calls a second is used to 95 % with 5 % of calls refused at most', () => {
    const limited = runs({ workers: 64, calls: 1500, latencyMs: 300, limit: 40, burst: 40 });

    for (const { perSecond, refusedShare } of limited) {
      expect(perSecond).toBeGreaterThan(38);
      expect(refusedShare).toBeLessThan(0.05);
    }
  });

  test('a limit of 2 calls a second with 64 workers is used to 90 %', () => {
    const limited = runs({ workers: 64, calls: 256, latencyMs: 300, limit: 2, burst: 2 });

    expect(median(limited.map((run) => run.perSecond))).toBeGreaterThan(1.8);
  });

  test('every call is answered at any share of random refusals', () => {
    for (const refusedAtRandom of [0.05, 0.3, 0.5]) {
      for (const run of runs({ workers: 8, calls: 300, latencyMs: 100, refusedAtRandom })) expect(run.answered).toBe(300);
    }
  });
});

describe('rate control', () => {
  test('a probe starts after everything in flight ended without evidence about limits', () => {
    const control = createRateControl(16);
    const tickets = Array.from({ length: 16 }, () => control.start(0));
    for (const ticket of tickets.slice(0, 6)) control.refused(ticket, 20, 1000);
    expect(control.rate(20)).toBe(0);

    for (const ticket of tickets.slice(6)) control.ended(ticket);

    expect(control.rate(20)).toBeGreaterThan(0);
  });

  test('a pause until the Retry-After follows when everything was refused, then single probes', () => {
    const control = createRateControl(4);
    const tickets = Array.from({ length: 4 }, () => control.start(0));
    for (const ticket of tickets) control.refused(ticket, 20, 30_000);

    expect(control.rate(30_000)).toBe(0);
    expect(control.pausedUntil()).toBe(30_020);
    expect(control.rate(30_020)).toBeGreaterThan(0);
    control.start(30_020);
    expect(control.rate(30_021)).toBe(0);
  });

  test('pauses grow for a server with Retry-After 0', () => {
    const control = createRateControl(3);
    const pauses: number[] = [];
    for (let now = 0; pauses.length < 6; now = control.pausedUntil()) {
      const tickets = Array.from({ length: 3 }, () => control.start(now));
      for (const ticket of tickets) control.refused(ticket, now, 0);
      pauses.push(control.pausedUntil() - now);
    }

    expect(pauses).toEqual([100, 200, 400, 800, 1000, 1000]);
  });

  test('no pause exceeds two hours, whatever the Retry-After', () => {
    const control = createRateControl(3);
    for (const ticket of Array.from({ length: 3 }, () => control.start(0))) control.refused(ticket, 0, 1.79e12);

    expect(control.pausedUntil()).toBe(2 * 3_600_000);
  });

  test('one refused attempt among replies causes no pause', () => {
    const control = createRateControl(4);
    const tickets = Array.from({ length: 4 }, () => control.start(0));
    control.delivered(tickets[0] as (typeof tickets)[0], 300);
    control.refused(tickets[1] as (typeof tickets)[0], 310, 60_000);

    expect(control.rate(311)).toBe(Number.POSITIVE_INFINITY);
  });
});
