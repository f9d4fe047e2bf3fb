import { type AwsWork, awsCost, sumCosts } from '#aws/cost/aws-cost.ts';
import { awsPricesReadOn, awsPricesRegion } from '#aws/cost/aws-prices.ts';
import { computePartitioning } from '#aws/prepare/partitioning.ts';

/** `npm run aws-cost`: prints the table of AWS costs, with every assumption below it. */
const sizes = [1_000, 100_000, 1_000_000];
const imageBytes = 180_000;

const workOf = (samples: number, more: Partial<AwsWork> = {}): AwsWork => ({
  samples,
  steps: ['0', '1'],
  partitioning: computePartitioning({ samples, maxWorkers: 640, maxLambdas: 20 }),
  imageBytes,
  sentBytes: imageBytes,
  redrawnMegapixels: 0,
  latency: { '0': 3, '1': 6 },
  memoryMb: 512,
  kms: 'none',
  nat: false,
  ...more,
});

const cell = (usd: number) => `$${usd < 0.1 ? usd.toFixed(4) : usd.toFixed(2)}`;
const row = (title: string, cells: readonly string[]) => console.log(`| ${[title, ...cells].join(' | ')} |`);
const lineOf = (name: string, work: AwsWork) => awsCost(work).find((line) => line.name === name)?.usd ?? 0;
const priced = (title: string, name: string, more: Partial<AwsWork> = {}) =>
  row(
    title,
    sizes.map((samples) => cell(lineOf(name, workOf(samples, more)))),
  );

row(
  'USD',
  sizes.map((samples) => `${samples.toLocaleString('en')} samples`),
);
row(
  '---',
  sizes.map(() => '---:'),
);
for (const { name, own } of awsCost(workOf(1))) if (!own) priced(name, name);
row(
  '**sum**',
  sizes.map((samples) => `**${cell(sumCosts(awsCost(workOf(samples))))}**`),
);
for (const kilobytes of [27, 180, 500])
  priced(`data transfer out, images of ${kilobytes} KB`, 'Data transfer out', { sentBytes: kilobytes * 1000 });
priced('re-encoding, if every image has 12 megapixels and is turned or resized', 'Re-encoding', { redrawnMegapixels: 12, memoryMb: 1024 });
priced('KMS, with a customer-managed key and bucket keys (as deployed)', 'KMS', { kms: 'bucket key' });
priced('KMS, with a customer-managed key and without bucket keys', 'KMS', { kms: 'per object' });
priced('NAT gateway, if functions are in a VPC and the model is outside it', 'NAT gateway', { nat: true });
console.log(`
Prices of ${awsPricesRegion}, read ${awsPricesReadOn}, without free tiers. Two calls per sample, of 3 s and 6 s; 640 calls in flight
(\`workflow.max_workers\`): 20 functions of 512 MB with 32 calls each, batches of up to 200; images of ${imageBytes / 1000} KB that are sent as
stored; checkpoints of 1 and 2 KB; no step checkpointed yet; no VPC, no customer-managed key. The price of the model is not included.`);
