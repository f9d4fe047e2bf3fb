import type { Box, Size } from '#core/box.ts';

/** The boxes of one expression as a model writes them; none if it is absent. */
export interface Answer {
  readonly id: number;
  readonly label: string;
  /** Written in the family's numbers. */
  readonly boxes: readonly Box[];
}

/** How the server of one family sees images and writes boxes. Written from the families' documentation, independently of the product's own table. */
export interface FamilyServer {
  /** A name its server would list. */
  readonly model: string;
  readonly dialect: 'openai' | 'gemini';
  /** What the server does to an image before the model sees it. */
  readonly resize: (size: Size) => Size;
  /** Pixels of what the model sees into the family's numbers. */
  readonly write: (box: Box, seen: Size) => Box;
  /** The family's own form, where no schema is asked for. */
  readonly format: (answers: readonly Answer[], key: string) => string;
}

const asIs = (size: Size) => size;

/** Qwen2.5-VL's resizing: sides to multiples of `factor`, pixels into bounds. */
function smartResize(factor: number, least: number, most: number) {
  return ({ width, height }: Size): Size => {
    const round = (length: number) => Math.max(factor, Math.round(length / factor) * factor);
    const [w, h] = [round(width), round(height)];
    if (w * h > most) {
      const beta = Math.sqrt((width * height) / most);
      return { width: Math.floor(width / beta / factor) * factor, height: Math.floor(height / beta / factor) * factor };
    }
    if (w * h < least) {
      const beta = Math.sqrt(least / (width * height));
      return { width: Math.ceil((width * beta) / factor) * factor, height: Math.ceil((height * beta) / factor) * factor };
    }
    return { width: w, height: h };
  };
}

/** Made smaller until it has no more than `patches` pieces of `side` pixels and no side above `longest`. */
function patched(side: number, patches: number, longest: number) {
  const fits = ({ width, height }: Size) =>
    Math.max(width, height) <= longest && Math.ceil(width / side) * Math.ceil(height / side) <= patches;
  return (size: Size): Size => {
    let fitted = size;
    for (let scale = 1; !fits(fitted); scale -= 0.005) fitted = shrink(size, scale);
    return fitted;
  };
}

/** OpenAI's tiles: into 2048, then to a short side of 768. */
function tiled(size: Size): Size {
  const fit = Math.min(1, 2048 / Math.max(size.width, size.height));
  const short = Math.min(size.width, size.height) * fit;
  return shrink(size, fit * Math.min(1, 768 / short));
}

const shrink = ({ width, height }: Size, scale: number): Size => ({
  width: Math.max(1, Math.round(width * scale)),
  height: Math.max(1, Math.round(height * scale)),
});

const scaled =
  (scale: number, decimals = 0) =>
  ([x1, y1, x2, y2]: Box, { width, height }: Size): Box => {
    const round = (value: number) => Math.round(value * 10 ** decimals) / 10 ** decimals;
    return [round((x1 / width) * scale), round((y1 / height) * scale), round((x2 / width) * scale), round((y2 / height) * scale)];
  };
const yFirst =
  (write: FamilyServer['write']): FamilyServer['write'] =>
  (box, seen) => {
    const [x1, y1, x2, y2] = write(box, seen);
    return [y1, x1, y2, x2];
  };
const pixels: FamilyServer['write'] = (box) => box.map(Math.round) as Box;

const formatList = (answers: readonly Answer[], key: string) => {
  const items = answers.flatMap(({ id, label, boxes }) => (boxes.length > 0 ? boxes : [null]).map((box) => ({ [key]: box, label, id })));
  return `\`\`\`json\n${JSON.stringify(items, null, '\t')}\n\`\`\``;
};
const formatTags = (answers: readonly Answer[]) =>
  answers.map(({ label, boxes }) => `<ref>${label}</ref><box>${JSON.stringify(boxes)}</box>`).join('\n');
const formatDeepSeek = (answers: readonly Answer[]) =>
  answers.map(({ label, boxes }) => `<|ref|>${label}<|/ref|><|det|>${JSON.stringify(boxes)}<|/det|>`).join('\n');
const formatLocations = (answers: readonly Answer[]) =>
  answers
    .flatMap(({ label, boxes }) => boxes.map((box) => `${box.map((n) => `<loc${String(n).padStart(4, '0')}>`).join('')} ${label}`))
    .join(' ; ');
const formatFlorence = (answers: readonly Answer[]) =>
  answers.map(({ label, boxes }) => label + boxes.map((box) => box.map((n) => `<loc_${n}>`).join('')).join('')).join('');
const formatThrice = (answers: readonly Answer[], key: string) => Array(3).fill(formatList(answers, key)).join('\n');
const formatCorners = (answers: readonly Answer[]) =>
  JSON.stringify({
    objects: answers.flatMap(({ id, label, boxes }) =>
      boxes.map(([x_min, y_min, x_max, y_max]) => ({ x_min, y_min, x_max, y_max, label, id })),
    ),
  });

const gemini = { dialect: 'gemini', resize: asIs, write: yFirst(scaled(1000)), format: formatList } as const;
const open = { dialect: 'openai', resize: asIs, write: scaled(1000), format: formatList } as const;
const hosted = { dialect: 'openai', write: pixels, format: formatList } as const;
const qwen25 = smartResize(28, 56 * 56, 1280 * 28 * 28);

/** A server for every family that writes boxes finely enough to be held to them. Kosmos-2's cells are a 32nd of a side: it is not here. */
export const familyServers: Readonly<Record<string, FamilyServer>> = {
  'gemini-2.5-pro': { ...gemini, model: 'gemini-2.5-pro' },
  'gemini-2.5-flash': { ...gemini, model: 'gemini-2.5-flash' },
  'gemini-2': { ...gemini, model: 'gemini-2.0-flash' },
  'gemini-3-pro': { ...gemini, model: 'gemini-3.1-pro-preview' },
  'gemini-3-flash': { ...gemini, model: 'gemini-3.1-flash-lite' },
  'gemini-3.5-flash': { ...gemini, dialect: 'openai', model: 'gcp/google/gemini-3.6-flash' },
  gemini: { ...gemini, model: 'gemini-3.8-flash' },
  'gemma-4': { ...open, model: 'google/gemma-4-31b-it', write: yFirst(scaled(1000)) },
  paligemma: { ...open, model: 'google/paligemma2-3b-mix-448', write: yFirst(scaled(1024)), format: formatLocations },
  'gpt-5.4-mini': { ...hosted, model: 'gpt-5.4-mini', resize: patched(32, 1536, 2048) },
  'gpt-5.4': { ...hosted, model: 'openai/openai/gpt-5.4', resize: patched(32, 10_000, 6000) },
  'gpt-5.1': { ...hosted, model: 'gpt-5.1', resize: tiled },
  'gpt-5': { ...hosted, model: 'gpt-5', resize: tiled },
  'gpt-4o': { ...hosted, model: 'gpt-4o', resize: tiled },
  'gpt-6': { ...hosted, model: 'gpt-6-astra', resize: patched(32, 30_000, 65_535) },
  claude: { ...hosted, model: 'anthropic/claude-sonnet-5-5', resize: patched(28, 1568, 1568) },
  internvl: { ...open, model: 'OpenGVLab/InternVL3_5-8B', format: formatTags },
  'cosmos-reason1': { ...open, model: 'nvidia/cosmos-reason1-7b', resize: qwen25, write: pixels },
  'cosmos-reason2': { ...open, model: 'nvidia/cosmos-reason2-8b' },
  'cosmos-3': { ...open, model: 'nvidia/cosmos3-reasoner' },
  'mimo-vl': { ...open, model: 'XiaomiMiMo/MiMo-VL-7B-RL', resize: smartResize(28, 8 * 28 * 28, 4096 * 28 * 28), write: pixels },
  'qwen2.5-vl': { ...open, model: 'qwen2.5vl:7b', resize: qwen25, write: pixels },
  'qwen2-vl': { ...open, model: 'Qwen/Qwen2-VL-7B-Instruct' },
  'qwen3-vl': { ...open, model: 'Qwen/Qwen3-VL-8B-Instruct-FP8' },
  'qwen3.5': { ...open, model: 'Qwen/Qwen3.5-9B' },
  'glm-4v': { ...open, model: 'zai-org/GLM-4.6V', format: formatThrice },
  'deepseek-vl2': { ...open, model: 'deepseek-ai/deepseek-vl2', write: scaled(999), format: formatDeepSeek },
  'florence-2': { ...open, model: 'microsoft/Florence-2-large', format: formatFlorence },
  moondream: { ...open, model: 'moondream3-preview', write: scaled(1, 4), format: formatCorners },
};
