import type { Settings } from '#core/settings.ts';
import { aliasesReadOn, modelAliases } from '#models/profiles/model-aliases.ts';

/** Replaces ids of retired Gemini models by their successors, with one notice per id. */
export function withCurrentModels(settings: Settings): { settings: Settings; notices: string[] } {
  const { vlm } = settings;
  const notices = new Set<string>();
  const current = (model: string, used: boolean) => {
    const alias = modelAliases[model];
    if (alias && used) notices.add(`model ${model} is replaced by ${alias.model}: ${alias.why} (as of ${aliasesReadOn})`);
    return alias?.model ?? model;
  };
  const isUsed = (step: 'extraction' | 'grounding') => (vlm[step].backend ?? vlm.backend) === 'gemini';
  const ownModel = (step: 'extraction' | 'grounding') => {
    const { gemini, ...rest } = vlm[step];
    return gemini?.model === undefined ? vlm[step] : { ...rest, gemini: { ...gemini, model: current(gemini.model, isUsed(step)) } };
  };
  const takesCommon = (['extraction', 'grounding'] as const).some((step) => isUsed(step) && vlm[step].gemini?.model === undefined);
  const gemini = { ...vlm.gemini, model: current(vlm.gemini.model, takesCommon) };
  const changed = { ...settings, vlm: { ...vlm, gemini, extraction: ownModel('extraction'), grounding: ownModel('grounding') } };
  return { settings: changed, notices: [...notices] };
}
