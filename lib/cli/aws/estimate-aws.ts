import { dirname, resolve } from 'node:path';
import { type AwsWork, awsCost, type CostLine, sumCosts } from '#aws/cost/aws-cost.ts';
import { awsPricesReadOn, awsPricesRegion } from '#aws/cost/aws-prices.ts';
import { computePartitioning, type Partitioning } from '#aws/prepare/partitioning.ts';
import type { ImagePolicy } from '#core/model-profile.ts';
import type { Settings } from '#core/settings.ts';
import { fitSize } from '#images/fit-size.ts';
import type { ImageInfo } from '#images/measure-image.ts';
import { expectedProfile } from '#models/profiles/profiles.ts';
import { findStepModel } from '#models/step-model.ts';
import { createLocalImages } from '#storage/local-images.ts';
import { formatCounted, formatDollars } from '../format.ts';
import { checkInput } from '../local/input-lines.ts';

/** The estimated cost of a run on AWS, without the model. */
export interface AwsEstimate {
  readonly samples: number;
  readonly geometry: Partitioning;
  readonly lines: readonly CostLine[];
  /** Sum of the lines that are not `own`. */
  readonly usd: number;
  /** Sum of the `own` lines: costs that depend on the user's data and settings. */
  readonly ownLinesUsd: number;
  readonly assumptions: readonly string[];
}

/** Number of images that are measured at most. */
const MEASURED = 2_000;
/** Lambda functions of a run that run at the same time at most, as in the README's cost table. */
const MAX_LAMBDAS = 20;
const latency = { '0': 3, '1': 6 } as const;

/** Measures the images of an input, computes the run's partitioning and prices the run. */
export async function estimateOnAws(settings: Settings, samples: number, signal: AbortSignal): Promise<AwsEstimate> {
  const images = await measureImages(settings, signal);
  const { max_workers: maxWorkers, steps } = settings.workflow;
  const perMinute = settings.vlm.requests_per_minute;
  const callsPerSecond = perMinute === undefined ? undefined : perMinute / 60;
  const partitioning = computePartitioning({ samples: Math.max(1, samples), maxWorkers, maxLambdas: MAX_LAMBDAS, callsPerSecond });
  const memoryMb = images.redrawnMegapixels > 1 ? 1024 : 512;
  const work: AwsWork = { samples, steps, partitioning, ...images, latency, memoryMb, kms: 'none', nat: false };
  const lines = awsCost(work);
  return {
    samples,
    geometry: partitioning,
    lines,
    usd: sumCosts(lines),
    ownLinesUsd: sumCosts(lines, true),
    assumptions: listAssumptions(work, images.measured),
  };
}

export function describeOnAws({ lines, usd, assumptions }: AwsEstimate): string {
  const line = ({ name, usd: cost, why }: CostLine) => `  ${name.padEnd(18)} ${formatDollars(round(cost)).padStart(10)}  ${why}`;
  return [
    `on AWS, without the model: ${formatDollars(round(usd))}`,
    ...lines.filter(({ own }) => !own).map(line),
    'in addition, depending on your data and settings:',
    ...lines.filter(({ own }) => own).map(line),
    ...assumptions.map((each) => `  (${each})`),
  ].join('\n');
}

function listAssumptions({ memoryMb }: AwsWork, measured: number): string[] {
  return [
    `prices of ${awsPricesRegion}, read ${awsPricesReadOn}, without free tiers`,
    `a call lasts ${latency['0']} s in step 0 and ${latency['1']} s in step 1; no step is checkpointed yet`,
    `${formatCounted(measured, 'image')} measured; ${memoryMb} MB per function; no VPC, no key of your own`,
  ];
}

/** Three significant digits. */
const round = (usd: number) => (usd === 0 ? 0 : Number(usd.toPrecision(3)));

async function measureImages(settings: Settings, signal: AbortSignal) {
  const path = resolve(settings.data.input_jsonl);
  const store = createLocalImages({ settings: settings.data, inputFolder: dirname(path), notice: () => {} });
  const policy = findImagePolicy(settings);
  let [measured, stored, sent, redrawn] = [0, 0, 0, 0];
  for await (const line of checkInput({ settings, resultsDir: '' }, () => {}, signal)) {
    if (!('sample' in line)) continue;
    const { size } = await store.stat(line.sample.imagePath, signal);
    const target = redrawnSize(line.image, size, policy);
    measured++;
    stored += size;
    // A JPEG of quality 90 has about two bits a pixel.
    sent += target ? (target.width * target.height) / 4 : size;
    if (target) redrawn += (line.image.width * line.image.height) / 1e6;
    if (measured >= MEASURED) break;
  }
  const mean = (sum: number) => (measured === 0 ? 0 : sum / measured);
  return { measured, imageBytes: mean(stored), sentBytes: mean(sent), redrawnMegapixels: mean(redrawn) };
}

/** The size after re-encoding for the model; `undefined` if the image is sent unchanged. */
function redrawnSize(image: ImageInfo, bytes: number, policy: ImagePolicy) {
  const target = fitSize(image, policy);
  const fits = target.width === image.width && target.height === image.height && bytes <= policy.maxBytes;
  return fits && image.orientation === 1 && policy.mimeTypes.includes(image.mimeType) ? undefined : target;
}

function findImagePolicy({ vlm }: Settings): ImagePolicy {
  return expectedProfile('grounding', vlm, findStepModel(vlm, 'grounding')?.model).image;
}
