import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { computePartitioning, type Workload } from '#aws/prepare/partitioning.ts';

const workload = fc.record({
  samples: fc.integer({ min: 1, max: 20_000_000 }),
  maxWorkers: fc.integer({ min: 1, max: 20_000 }),
  maxLambdas: fc.integer({ min: 1, max: 1_000 }),
  callsPerSecond: fc.option(fc.double({ min: 0.01, max: 5_000, noNaN: true }), { nil: undefined }),
  longestLine: fc.integer({ min: 1, max: 1024 * 1024 }),
}) satisfies fc.Arbitrary<Workload>;

describe('the partitioning of a run', () => {
  it('has at least one function, one call and one sample, and never exceeds the limits', () => {
    fc.assert(
      fc.property(workload, (given) => {
        const { lambdas, callsPerLambda, batchSize } = computePartitioning(given);

        for (const number of [lambdas, callsPerLambda, batchSize]) expect(Number.isInteger(number) && number >= 1).toBe(true);
        expect(lambdas * callsPerLambda).toBeLessThanOrEqual(given.maxWorkers);
        expect(lambdas).toBeLessThanOrEqual(given.maxLambdas);
        expect(batchSize).toBeLessThanOrEqual(200);
        expect(batchSize * given.longestLine).toBeLessThanOrEqual(Math.max(given.longestLine, 64 * 1024 * 1024));
      }),
      { numRuns: 2_000 },
    );
  });

  it('never uses more functions because of a known rate limit', () => {
    fc.assert(
      fc.property(workload, ({ callsPerSecond, ...given }) => {
        const free = computePartitioning(given);
        const limited = computePartitioning({ ...given, callsPerSecond });

        expect(limited.lambdas).toBeLessThanOrEqual(free.lambdas);
      }),
    );
  });

  it('gives every function some batches, and smaller ones to a small run', () => {
    fc.assert(
      fc.property(workload, ({ longestLine: _, ...given }) => {
        const { lambdas, callsPerLambda, batchSize } = computePartitioning(given);
        const batches = Math.ceil(given.samples / batchSize);

        expect(batchSize > callsPerLambda ? batches >= Math.min(lambdas, given.samples) : true).toBe(true);
      }),
    );
  });

  it('matches the cost table: a million samples, 32 calls per function, batches of 200', () => {
    expect(computePartitioning({ samples: 1_000_000, maxWorkers: 640, maxLambdas: 20 })).toEqual({
      lambdas: 20,
      callsPerLambda: 32,
      batchSize: 200,
    });
  });

  it('uses one function for the four calls of a TAO spec', () => {
    expect(computePartitioning({ samples: 1_000, maxWorkers: 4, maxLambdas: 20 })).toEqual({
      lambdas: 1,
      callsPerLambda: 4,
      batchSize: 200,
    });
  });

  it('uses no more functions than a slow endpoint can serve', () => {
    expect(computePartitioning({ samples: 10_000, maxWorkers: 320, maxLambdas: 20, callsPerSecond: 2 })).toMatchObject({ lambdas: 1 });
  });
});
