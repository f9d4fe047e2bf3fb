import type { Size } from '#core/box.ts';
import type { ModelProfile } from '#core/model-profile.ts';
import type { Usage } from '#core/ports.ts';
import type { Settings } from '#core/settings.ts';
import { fitSize } from '#images/fit-size.ts';
import { promptExtraction } from '#steps/extract/extract.ts';
import { promptGrounding } from '#steps/ground/ground.ts';

/** Tokens of one image at the size at which it is sent, by the rules of the vendors; a middle value for other models. Source: vendors' image-token pages, read 2026-10-05. */
export function imageTokens(model: string, size: Size, { image }: Pick<ModelProfile, 'image'>, mediaResolution: string): number {
  const id = model.toLowerCase();
  const { width, height } = fitSize(size, image);
  if (/gemini-2/.test(id)) return Math.max(width, height) <= 384 ? 258 : 258 * tiles({ width, height });
  if (/gemini/.test(id)) return geminiTokens[mediaResolution] ?? 1120;
  if (/gpt-4\.1(?!-mini)|gpt-4o(?!-mini)/.test(id)) return 85 + 170 * openAITiles({ width, height });
  if (/gpt-5\.4-mini|gpt-4\.1-mini/.test(id)) return patches({ width, height }, 32) * 1.62;
  if (/gpt-/.test(id)) return patches({ width, height }, 32) * 1.2;
  if (/claude/.test(id)) return Math.min(4784, patches({ width, height }, 28));
  return Math.min(16_384, Math.max(4, patches({ width, height }, 32)));
}

const geminiTokens: Readonly<Record<string, number>> = {
  MEDIA_RESOLUTION_LOW: 280,
  MEDIA_RESOLUTION_MEDIUM: 560,
  MEDIA_RESOLUTION_HIGH: 1120,
  MEDIA_RESOLUTION_ULTRA_HIGH: 2240,
};

const patches = ({ width, height }: Size, side: number) => Math.ceil(width / side) * Math.ceil(height / side);

/** Gemini 2.x: square crops of about the short side / 1.5, between 256 and 768 pixels. */
function tiles({ width, height }: Size): number {
  const unit = Math.min(768, Math.max(256, Math.floor(Math.min(width, height) / 1.5)));
  return patches({ width, height }, unit);
}

/** Fitted into 2048 × 2048, then to a short side of 768, in tiles of 512. */
function openAITiles({ width, height }: Size): number {
  const fit = Math.min(1, 2048 / Math.max(width, height));
  const scale = fit * Math.min(1, 768 / (Math.min(width, height) * fit));
  return patches({ width: width * scale, height: height * scale }, 512);
}

/** Quantities that depend on the data: expressions per caption, boxes per expression, and thinking tokens per call. */
export interface Assumptions {
  readonly expressions: number;
  readonly boxesPerExpression: number;
  readonly thinking: number;
}

/** Rough bounds and a middle. A pilot replaces them with measured figures. */
export const assumptions: Readonly<Record<'low' | 'likely' | 'high', Assumptions>> = {
  low: { expressions: 3, boxesPerExpression: 1, thinking: 0 },
  likely: { expressions: 5, boxesPerExpression: 1.3, thinking: 50 },
  high: { expressions: 10, boxesPerExpression: 2, thinking: 400 },
};

/** Tokens of a step's prompt without the data of the sample. */
export function promptTokens(step: 'extraction' | 'grounding', settings: Settings, profile: ModelProfile): number {
  const sent = { width: 1000, height: 1000 };
  const { prompt } =
    step === 'extraction'
      ? promptExtraction({ caption: '', settings: settings.extraction, profile })
      : promptGrounding({ caption: '', asked: [], settings: settings.grounding, profile, sent, upright: sent });
  const wide = prompt.match(/[^\p{ASCII}]/gu)?.length ?? 0; // about a token each
  return Math.round((prompt.length - wide) * perCaptionCharacter + wide);
}

const perCaptionCharacter = 1 / 4;
const PER_EXPRESSION_ASKED = 12;
const PER_EXPRESSION_WRITTEN = 25;
const PER_BOX = 35;

/** The factors of a step's token count. `imageTokens` and `captionCharacters` are means over the samples. */
export interface StepWorkload {
  readonly samples: number;
  readonly promptTokens: number;
  readonly imageTokens: number;
  readonly captionCharacters: number;
}

/** Tokens of step 0 for all samples. */
export function extractionUsage(
  { samples, promptTokens, imageTokens, captionCharacters }: StepWorkload,
  { expressions, thinking }: Assumptions,
): Usage {
  const caption = captionCharacters * perCaptionCharacter;
  return usage(samples, samples, imageTokens + promptTokens + caption, caption + expressions * PER_EXPRESSION_WRITTEN, thinking);
}

/** Tokens of step 1 for all samples. A caption with more expressions than fit one request needs several. */
export function groundingUsage(
  input: StepWorkload,
  { expressions, boxesPerExpression, thinking }: Assumptions,
  expressionsPerCall: number,
): Usage {
  const { samples, promptTokens, imageTokens, captionCharacters } = input;
  const calls = Math.ceil(expressions / expressionsPerCall) * samples;
  const perCall = imageTokens + promptTokens + captionCharacters * perCaptionCharacter;
  const asked = (samples * expressions * PER_EXPRESSION_ASKED) / Math.max(1, calls);
  return usage(calls, calls, perCall + asked, (samples * expressions * boxesPerExpression * PER_BOX) / Math.max(1, calls), thinking);
}

function usage(calls: number, times: number, input: number, output: number, thinking: number): Usage {
  return {
    calls,
    input: Math.round(times * input),
    cachedInput: 0,
    output: Math.round(times * output),
    thinking: Math.round(times * thinking),
  };
}
