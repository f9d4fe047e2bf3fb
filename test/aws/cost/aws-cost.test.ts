import { describe, expect, it } from 'vitest';
import { type AwsWork, awsCost, sumCosts } from '#aws/cost/aws-cost.ts';
import { computePartitioning } from '#aws/prepare/partitioning.ts';

const million: AwsWork = {
  samples: 1_000_000,
  steps: ['0', '1'],
  partitioning: computePartitioning({ samples: 1_000_000, maxWorkers: 640, maxLambdas: 20 }),
  imageBytes: 180_000,
  sentBytes: 180_000,
  redrawnMegapixels: 0,
  latency: { '0': 3, '1': 6 },
  memoryMb: 512,
  kms: 'none',
  nat: false,
};
const line = (name: string, work: Partial<AwsWork> = {}) => awsCost({ ...million, ...work }).find((each) => each.name === name)?.usd;

describe('cost on AWS', () => {
  it('of a million samples is at most seven dollars, without transfer and re-encoding', () => {
    expect(sumCosts(awsCost(million))).toBeLessThanOrEqual(7);
    expect(sumCosts(awsCost(million))).toBeGreaterThan(5);
  });

  it('is many times as high with one child execution per sample', () => {
    const alone = { ...million, partitioning: { ...million.partitioning, batchSize: 1, callsPerLambda: 1 } };

    expect(sumCosts(awsCost(alone))).toBeGreaterThan(100);
  });

  it.each([
    [27_000, 6.5],
    [180_000, 43],
    [500_000, 121],
  ])('of sending images of %d bytes out twice is about %d dollars a million', (sentBytes, usd) => {
    expect(line('Data transfer out', { sentBytes })).toBeGreaterThan(usd * 0.98);
    expect(line('Data transfer out', { sentBytes })).toBeLessThan(usd * 1.13);
  });

  it('of re-encoding a million images of 12 megapixels is about 32 dollars', () => {
    expect(line('Re-encoding', { redrawnMegapixels: 12, memoryMb: 1024 })).toBeCloseTo(32, -1);
  });

  it('of an encryption key is negligible with bucket keys, and about nine dollars without', () => {
    expect(line('KMS', { kms: 'bucket key' })).toBeLessThan(0.05);
    expect(line('KMS', { kms: 'per object' })).toBeCloseTo(9, 0);
    expect(line('KMS')).toBeUndefined();
  });

  it('grows almost only with the number of samples', () => {
    const small = sumCosts(awsCost({ ...million, samples: 100_000 }));

    expect(sumCosts(awsCost(million)) / small).toBeCloseTo(10, 0);
  });
});
