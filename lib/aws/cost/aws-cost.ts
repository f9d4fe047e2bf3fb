import type { SpecStep } from '#core/step-names.ts';
import type { Partitioning } from '../prepare/partitioning.ts';
import { awsPrices as price } from './aws-prices.ts';

/** The work of a run that AWS bills. */
export interface AwsWork {
  readonly samples: number;
  readonly steps: readonly SpecStep[];
  readonly partitioning: Partitioning;
  /** Mean bytes of a stored image. */
  readonly imageBytes: number;
  /** Mean bytes of a sent image, before base64. */
  readonly sentBytes: number;
  /** Megapixels that are re-encoded, mean over all images. */
  readonly redrawnMegapixels: number;
  /** Seconds of one model call, by step. */
  readonly latency: Readonly<Record<SpecStep, number>>;
  readonly memoryMb: number;
  /** Without an S3 bucket key, every object is a request to KMS. */
  readonly kms: 'none' | 'bucket key' | 'per object';
  readonly nat: boolean;
}

/** One line of a bill. `own` lines depend on data and settings and are not part of the sum. */
export interface CostLine {
  readonly name: string;
  readonly usd: number;
  readonly why: string;
  readonly own?: boolean;
}

/** Measured CPU seconds on a function of 512 MB: of a call without image decoding, of a batch without its calls, of a megapixel. */
const SECONDS = { perSample: 0.012, perBatch: 2, perMegapixel: 0.1, prepareMillion: 90, collectMillion: 300 };
/** State transitions of a batch, its start included, and of the run without its batches. */
const TRANSITIONS = { perBatch: 7, perRun: 12 };
/** Write units of a checkpoint (1 KB each), by step. */
const CHECKPOINT_UNITS = { '0': 1, '1': 2 } as const;
const REQUEST_OVERHEAD = 4_000;
const LOG_BYTES_PER_BATCH = 18_000;
const GB = 1e9;

/** The bill of a run, line by line. Pure: the same work costs the same. */
export function awsCost(work: AwsWork): CostLine[] {
  const { samples, steps, partitioning, latency, memoryMb } = work;
  const batches = Math.ceil(samples / partitioning.batchSize);
  const calls = batches * steps.length;
  const seconds = steps.reduce((sum, step) => sum + stepSeconds(work, latency[step], batches), 0);
  const gbSeconds = (seconds * memoryMb) / 1024 + (samples / 1e6) * (SECONDS.prepareMillion + SECONDS.collectMillion);
  const hours = seconds / 3600 / partitioning.lambdas;
  const write = steps.reduce((sum, step) => sum + CHECKPOINT_UNITS[step], 0) * samples + calls * 2;
  const reads = samples * steps.length + calls * 3 + (seconds / 4) * 1;
  // One HEAD per image and one read per step. A batch reads its lines, its part and the part before it.
  const s3Reads = samples * (1 + steps.length) + calls * 4 + batches * steps.length;
  const s3Writes = calls + batches + 40;
  const sent = samples * steps.length * ((work.sentBytes * 4) / 3 + REQUEST_OVERHEAD);
  return [
    {
      name: 'Step Functions',
      usd: (batches * TRANSITIONS.perBatch + TRANSITIONS.perRun) * price.transition,
      why: `${TRANSITIONS.perBatch} transitions per batch of ${partitioning.batchSize}`,
    },
    {
      name: 'Lambda',
      usd: gbSeconds * price.lambdaGbSecond + calls * price.lambdaRequest,
      why: `${partitioning.lambdas} × ${memoryMb} MB, ${partitioning.callsPerLambda} calls in flight each`,
    },
    {
      name: 'DynamoDB',
      usd: write * price.dynamoWrite + reads * price.dynamoRead,
      why: 'a checkpoint of 1 KB and one of 2 KB per sample, one read before each',
    },
    { name: 'S3', usd: s3Reads * price.s3Read + s3Writes * price.s3Write, why: 'one HEAD per image and one read per step' },
    { name: 'Logs', usd: ((calls * LOG_BYTES_PER_BATCH) / GB) * price.logsGb, why: 'a few lines per batch' },
    {
      name: 'Data transfer out',
      usd: (sent / GB) * price.transferOutGb,
      why: `each image leaves once per step as base64: ${kilobytes(work.sentBytes)} of bytes`,
      own: true,
    },
    { name: 'Re-encoding', usd: redrawing(work) * price.lambdaGbSecond, why: explainRedrawing(work), own: true },
    ...kmsLine(work, s3Reads + s3Writes),
    ...(work.nat
      ? [
          {
            name: 'NAT gateway',
            usd: (sent / GB) * price.natGb + hours * price.natHour,
            why: 'all outgoing data passes through it',
            own: true,
          },
        ]
      : []),
  ];
}

/** The sum of all lines except `own` ones, or with `own` only of those. */
export const sumCosts = (lines: readonly CostLine[], own = false) =>
  lines.filter((line) => Boolean(line.own) === own).reduce((sum, { usd }) => sum + usd, 0);

function stepSeconds({ samples, partitioning }: AwsWork, latency: number, batches: number): number {
  const inFlight = Math.min(partitioning.callsPerLambda, partitioning.batchSize);
  return (samples * latency) / inFlight + samples * SECONDS.perSample + batches * SECONDS.perBatch;
}

/** GB-seconds of re-encoding; one picture is decoded at a time. */
function redrawing({ samples, steps, redrawnMegapixels, memoryMb }: AwsWork): number {
  // A function of 1,769 MB has one full vCPU.
  const processors = memoryMb / 1769;
  return (samples * steps.length * redrawnMegapixels * SECONDS.perMegapixel * 0.6 * memoryMb) / 1024 / processors;
}

function explainRedrawing({ redrawnMegapixels }: AwsWork): string {
  return redrawnMegapixels === 0
    ? 'every image is sent as stored'
    : `${redrawnMegapixels.toFixed(1)} megapixels per image are decoded, turned or resized, once per step`;
}

function kmsLine({ kms }: AwsWork, objects: number): CostLine[] {
  if (kms === 'none') return [];
  const usd = kms === 'per object' ? objects * price.kmsRequest : 0.01;
  return [
    {
      name: 'KMS',
      usd,
      why: kms === 'per object' ? 'one request per object without a bucket key' : 'few requests with a bucket key',
      own: true,
    },
  ];
}

const kilobytes = (bytes: number) => `${Math.round(bytes / 1000).toLocaleString('en')} KB`;
