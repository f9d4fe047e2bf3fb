import { hash } from 'node:crypto';
import type { ModelProfile } from '#core/model-profile.ts';
import type { StepName } from '#core/ports.ts';
import type { Settings } from '#core/settings.ts';
import { promptExtraction } from './extract/extract.ts';
import { promptGrounding } from './ground/ground.ts';

/** Placeholders for the parts that vary by sample. Two equal texts include the wording for repeats. */
const caption = 'caption';
const asked = [1, 2].map((ordinal) => ({ id: ordinal, text: 'text', nounChunk: 'noun', ordinal }));
const alone = [{ id: 1, text: 'text', nounChunk: 'noun' }];
const size = { width: 640, height: 480 };

/** Identifies the prompt of a step by the hash of its words and its schema, such as `extract@1f2e3d4c`. Settings that change the words change the id. */
export function composePromptId(step: StepName, profile: ModelProfile, settings: Pick<Settings, 'extraction' | 'grounding'>): string {
  if (step === 'step_0') return hashPrompt('extract', [promptExtraction({ caption, settings: settings.extraction, profile })]);
  const input = { caption, asked, settings: settings.grounding, profile, sent: size, upright: size };
  return hashPrompt('ground', [promptGrounding(input), promptGrounding({ ...input, asked: alone, again: true })]);
}

function hashPrompt(name: string, questions: readonly { readonly prompt: string; readonly schema: unknown }[]): string {
  const words = questions.map(({ prompt, schema }) => [prompt, schema]);
  return `${name}@${hash('sha256', JSON.stringify(words)).slice(0, 8)}`;
}
