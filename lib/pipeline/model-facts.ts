import type { StepName } from '#core/ports.ts';
import type { Settings } from '#core/settings.ts';
import { stepNames } from '#core/step-names.ts';
import type { ModelConnection, ModelConnections } from '#models/connect.ts';
import { findServiceTier } from '#models/step-model.ts';
import type { StepProvenance } from '#output/compose-record.ts';
import type { StepModelFacts } from '#output/compose-run-file.ts';
import { composePromptId } from '#steps/prompt-id.ts';

/** The model and prompt of a step, as its records state them. */
export function composeProvenance(name: StepName, { model, profile, scoreSource }: ModelConnection, settings: Settings): StepProvenance {
  const common = { model: model.model, prompt: composePromptId(name, profile, settings) };
  return name === 'step_0' ? common : { ...common, profile: profile.family, score: scoreSource };
}

/** The provenance, the endpoint and the service tier of every step that runs. */
export function composeModelFacts(
  { extraction, grounding }: ModelConnections,
  settings: Settings,
): Partial<Record<StepName, StepModelFacts>> {
  const composeFacts = (name: StepName, connection: ModelConnection): StepModelFacts => ({
    ...composeProvenance(name, connection, settings),
    backend: connection.model.backend,
    endpoint: connection.endpoint,
    serviceTier: findServiceTier(settings.vlm, stepNames[name].role),
  });
  const facts: Partial<Record<StepName, StepModelFacts>> = {};
  for (const step of settings.workflow.steps)
    if (step === '0') facts.step_0 = composeFacts('step_0', extraction);
    else facts.step_1 = composeFacts('step_1', grounding);
  return facts;
}
