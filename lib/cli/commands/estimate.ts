import type { Command } from 'commander';
import type { Usage } from '#core/ports.ts';
import type { Settings } from '#core/settings.ts';
import { addUsage, noUsage } from '#core/usage.ts';
import { assumptions, extractionUsage, groundingUsage, imageTokens, promptTokens } from '#models/cost/estimate-usage.ts';
import { pricesReadOn } from '#models/cost/price-table.ts';
import { costUsd, type PricedModel } from '#models/cost/prices.ts';
import { expectedProfile } from '#models/profiles/profiles.ts';
import type { StepKind } from '#models/step-endpoint.ts';
import { findServiceTier, findStepModel } from '#models/step-model.ts';
import type { LoadedSpec } from '#spec/load-spec.ts';
import { type CliEnvironment, readEnvironment } from '../environment.ts';
import { formatCount, formatCounted, formatDollars } from '../format.ts';
import { listenForInterrupt } from '../interrupt.ts';
import { addSpecOptions, readSpec, type SpecFlags } from '../spec-options.ts';

interface EstimateFlags extends SpecFlags {
  readonly json?: boolean;
  readonly aws?: boolean;
}

interface Estimate {
  readonly samples: number;
  readonly rejected: number;
  readonly models: Readonly<Record<string, string>>;
  readonly low: Bill;
  readonly likely: Bill;
  readonly high: Bill;
}

/** `costUsd` is missing if a price is unknown. */
interface Bill {
  readonly calls: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly costUsd?: number;
}

/** `groundline estimate`: calls, tokens and cost of a run, computed from the input's own image sizes. */
export function addEstimateCommand(program: Command): void {
  addSpecOptions(program.command('estimate').description('estimate calls, tokens and cost of a run; makes no model calls'))
    .option('--aws', 'also estimate the cost on AWS')
    .option('--json', 'print the estimate as JSON')
    .addHelpText(
      'after',
      '\nExamples:\n  groundline estimate captions.jsonl --backend gemini\n  groundline estimate -e spec.yaml --json\n\nAn estimate ignores checkpoints and assumes an average number of phrases; generate --pilot measures both.',
    )
    .action((args: string[], flags: EstimateFlags) => estimate(args, flags, readEnvironment()));
}

/** Reads the input once and prints the estimate. Throws `UsageError`. */
export async function estimate(args: readonly string[], flags: EstimateFlags, environment: CliEnvironment): Promise<void> {
  const spec = await readSpec(args, flags, environment, ['input']);
  for (const notice of spec.notices) console.error(notice);
  const interrupt = listenForInterrupt(console.error);
  try {
    const found = await estimateInput(spec, interrupt.signal);
    const aws = flags.aws ? await import('../aws/estimate-aws.ts') : undefined;
    const onAws = await aws?.estimateOnAws(spec.settings, found.samples, interrupt.signal);
    if (flags.json) console.log(JSON.stringify({ ...found, aws: onAws }, null, 2));
    else console.log([describeEstimate(found), ...(aws && onAws ? [aws.describeOnAws(onAws)] : [])].join('\n'));
  } finally {
    interrupt.release();
  }
}

async function estimateInput(spec: LoadedSpec, signal: AbortSignal): Promise<Estimate> {
  const { settings } = spec;
  const models = listModels(settings);
  const profileOf = (kind: StepKind) => expectedProfile(kind, settings.vlm, models[kind]);
  const { samples, rejected, asked } = await measureInput(spec, models, signal);
  const chosen = Math.min(samples, settings.workflow.limit ?? samples, settings.workflow.sample ?? samples);
  const step = (kind: StepKind, { samples: all, tokens, characters }: PromptSums) => ({
    samples: (all * chosen) / (samples || 1),
    promptTokens: promptTokens(kind, settings, profileOf(kind)),
    imageTokens: tokens / (all || 1),
    captionCharacters: characters / (all || 1),
  });
  const perCall = profileOf('grounding').expressionsPerCall;
  const estimateStep = (kind: StepKind, usage: () => Usage) => {
    const model = models[kind];
    return model === undefined ? [] : [{ model, serviceTier: findServiceTier(settings.vlm, kind), usage: usage() }];
  };
  const bill = (kind: keyof typeof assumptions) => {
    const assumed = assumptions[kind];
    const grounded = ([given, alike]: readonly [number | undefined, PromptSums]) =>
      groundingUsage(step('grounding', alike), { ...assumed, expressions: given ?? assumed.expressions }, perCall);
    return composeBill([
      ...estimateStep('extraction', () => extractionUsage(step('extraction', asked.extraction), assumed)),
      ...estimateStep('grounding', () => [...asked.grounding].map(grounded).reduce(addUsage, noUsage)),
    ]);
  };
  const named = Object.fromEntries(Object.entries(models).filter(([, model]) => model !== undefined)) as Record<string, string>;
  return { samples: chosen, rejected, models: named, low: bill('low'), likely: bill('likely'), high: bill('high') };
}

type StepModels = Readonly<Record<StepKind, string | undefined>>;

/** The model of each step in the run. */
function listModels({ vlm, workflow }: Settings): StepModels {
  const model = (kind: StepKind) => findStepModel(vlm, kind)?.model ?? 'builtin';
  return {
    extraction: workflow.steps.includes('0') ? model('extraction') : undefined,
    grounding: workflow.steps.includes('1') ? model('grounding') : undefined,
  };
}

/** Number of samples with a call in a step, and sums over them. */
interface PromptSums {
  samples: number;
  tokens: number;
  characters: number;
}

/**
 * Sums of the input by step. Equal lines count once, and lines with given expressions need no extraction.
 * The key of `grounding` is the number of given expressions, `undefined` if extraction finds them.
 */
async function measureInput(spec: LoadedSpec, models: StepModels, signal: AbortSignal) {
  const { checkInput } = await import('../local/input-lines.ts');
  const { vlm } = spec.settings;
  const profileOf = (kind: StepKind) => expectedProfile(kind, vlm, models[kind]);
  const resolution = {
    extraction: vlm.extraction.media_resolution ?? vlm.gemini.media_resolution,
    grounding: vlm.grounding.media_resolution ?? 'MEDIA_RESOLUTION_HIGH',
  };
  const none = (): PromptSums => ({ samples: 0, tokens: 0, characters: 0 });
  const extraction = none();
  const grounding = new Map<number | undefined, PromptSums>();
  let [samples, rejected] = [0, 0];
  for await (const line of checkInput(spec, console.error, signal)) {
    if (!('sample' in line)) {
      rejected++;
      continue;
    }
    samples++;
    const { caption, given, repeat } = line.sample;
    if (repeat > 0) continue;
    const expressions = given?.expressions.length;
    const alike = grounding.get(expressions) ?? none();
    grounding.set(expressions, alike);
    const add = (kind: StepKind, asked: PromptSums) => {
      asked.samples++;
      asked.tokens += imageTokens(models[kind] ?? '', line.image, profileOf(kind), resolution[kind]);
      asked.characters += caption.length;
    };
    add('grounding', alike);
    if (!given) add('extraction', extraction);
  }
  return { samples, rejected, asked: { extraction, grounding } };
}

function composeBill(steps: readonly (PricedModel & { readonly usage: Usage })[]): Bill {
  const billed = steps.filter(({ model }) => model !== 'builtin');
  const usage = billed.reduce((sum, step) => addUsage(sum, step.usage), noUsage);
  const costs = billed.map((step) => costUsd(step, step.usage, Date.now()));
  const known = costs.every((cost) => cost !== undefined);
  return {
    calls: Math.round(usage.calls),
    inputTokens: usage.input,
    outputTokens: usage.output + usage.thinking,
    costUsd: known ? costs.reduce((sum, cost) => sum + cost, 0) : undefined,
  };
}

function describeEstimate({ samples, rejected, models, low, likely, high }: Estimate): string {
  const range = (pick: (bill: Bill) => string) => `${pick(likely)}  (${pick(low)} to ${pick(high)})`;
  return [
    `${formatCounted(samples, 'sample')}${rejected ? `, and ${formatCounted(rejected, 'line')} that would fail; groundline validate shows the reasons` : ''}`,
    ...Object.entries(models).map(([step, model]) => `${step}: ${model || 'the single model of the server'}`),
    `calls          ${range(({ calls }) => formatCount(calls))}`,
    `input tokens   ${range(({ inputTokens }) => formatCount(inputTokens))}`,
    `output tokens  ${range(({ outputTokens }) => formatCount(outputTokens))}`,
    likely.costUsd === undefined
      ? 'cost           unknown: no price for this model; fix: groundline generate --pilot measures its tokens'
      : `cost           ${range((bill) => formatDollars(bill.costUsd))}, at the prices of ${pricesReadOn}`,
  ].join('\n');
}
