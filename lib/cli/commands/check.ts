import type { Command } from 'commander';
import { RunStopError, UsageError } from '#core/errors.ts';
import type { Tier } from '#core/model-profile.ts';
import type { VisionLanguageModel } from '#core/ports.ts';
import type { Settings } from '#core/settings.ts';
import type { ModelConnection } from '#models/connect.ts';
import { type CliEnvironment, readEnvironment } from '../environment.ts';
import { exitCode } from '../exit-codes.ts';
import { listenForInterrupt } from '../interrupt.ts';
import { addSpecOptions, readSpec, type SpecFlags } from '../spec-options.ts';
import { systemClock } from '../system-clock.ts';

/** The outcome of one check; `detail` holds the suggested fix if it failed. */
interface Finding {
  readonly check: string;
  readonly ok: boolean;
  readonly detail: string;
}

const tierLabels: Readonly<Record<Tier, string>> = {
  schema: 'schema: the server enforces a JSON schema',
  json: 'JSON mode: the server enforces JSON, the prompt asks for the shape',
  text: 'text: the server enforces no format',
};

/** `groundline check`: tests the model of a spec with real calls on two small pictures. */
export function addCheckCommand(program: Command): void {
  addSpecOptions(
    program
      .command('check')
      .description('test the model: key, served models, a real image call, box convention, structured output; each with a suggested fix'),
  )
    .option('--json', 'print the findings as JSON')
    .addHelpText('after', '\nExamples:\n  groundline check --backend gemini\n  groundline check -e spec.yaml vlm.backend=openai')
    .action(async (args: string[], flags: SpecFlags & { json?: boolean }) => {
      const environment = readEnvironment();
      const { settings, notices } = await readSpec(args, flags, environment, []);
      for (const notice of notices) console.error(notice);
      const interrupt = listenForInterrupt(console.error);
      const findings = await checkModel(settings, environment, interrupt.signal).finally(() => interrupt.release());
      console.log(flags.json ? JSON.stringify(findings, null, 2) : findings.map(describeFinding).join('\n'));
      if (findings.some(({ ok }) => !ok)) process.exitCode = exitCode.couldNotRun;
    });
}

const describeFinding = ({ check, ok, detail }: Finding) => `${ok ? 'ok  ' : 'FAIL'}  ${check.padEnd(18)} ${detail}`;

/** Runs the checks from the cheapest to the most expensive. Stops at a failure that the next check depends on. */
async function checkModel(settings: Settings, environment: CliEnvironment, signal: AbortSignal): Promise<Finding[]> {
  const findings: Finding[] = [];
  const attempt = async <T>(check: string, action: () => Promise<T>, detail: (value: T) => string): Promise<T | undefined> => {
    try {
      const value = await action();
      findings.push({ check, ok: true, detail: detail(value) });
      return value;
    } catch (error) {
      if (signal.aborted || !(error instanceof RunStopError || error instanceof UsageError)) throw error;
      findings.push({ check, ok: false, detail: error.message });
      return undefined;
    }
  };
  const { connectModels, listServedModels } = await import('#models/connect.ts');
  const served = await attempt(
    'key and server',
    () => listServedModels(settings, 'grounding', environment.keys, signal),
    (models) =>
      models.length === 0
        ? 'the server lists no models'
        : `${models.length} models served, e.g. ${models
            .slice(0, 3)
            .map(({ id }) => id)
            .join(', ')}`,
  );
  if (!served) return findings;
  const notice = (message: string) => console.error(message);
  const options = { settings, keys: environment.keys, maxWorkers: 1, clock: systemClock, random: Math.random, notice, checksItself: true };
  const connections = await attempt(
    'model',
    () => connectModels(options, signal),
    ({ grounding }) => `${grounding.model.model} at ${grounding.endpoint}, with the profile ${grounding.profile.family}`,
  );
  if (connections) findings.push(...(await checkBoxes(connections.grounding, signal)));
  return findings;
}

/** Sends two synthetic pictures and checks the image call, the place of its boxes and the structured-output tier of its replies. */
async function checkBoxes({ model, profile }: ModelConnection, signal: AbortSignal): Promise<Finding[]> {
  if (model.backend === 'builtin')
    return [{ check: 'image call', ok: true, detail: 'skipped: builtin detects 80 classes of things, not drawn rectangles' }];
  const { findConvention } = await import('#models/profiles/calibrate.ts');
  const recorded = recordTiers(model);
  const found = await findConvention(recorded.model, [profile], signal).catch((error) => {
    if (error instanceof RunStopError && error.reason === 'convention_unknown') return error;
    throw error;
  });
  if (found instanceof RunStopError) return [{ check: 'image call', ok: false, detail: found.message }];
  const { order, scale } = profile.box;
  return [
    { check: 'image call', ok: true, detail: 'answered' },
    found
      ? { check: 'box convention', ok: true, detail: `${order}, scale ${scale}: the boxes are around the test rectangles` }
      : {
          check: 'box convention',
          ok: false,
          detail: `got boxes away from the test rectangles with ${order}, scale ${scale}; fix: set vlm.coordinates, or use a model that can localise`,
        },
    ...recorded.tiers.slice(-1).map((tier) => ({ check: 'structured output', ok: true, detail: tierLabels[tier] })),
  ];
}

/** Wraps a model and records the structured-output tier of each reply. */
function recordTiers(model: VisionLanguageModel): { model: VisionLanguageModel; tiers: Tier[] } {
  const tiers: Tier[] = [];
  const ask: VisionLanguageModel['ask'] = async (request, signal) => {
    const reply = await model.ask(request, signal);
    tiers.push(reply.tier);
    return reply;
  };
  return { model: { backend: model.backend, model: model.model, ask }, tiers };
}
