import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type DrawnScene, drawScene, numbersFrom, photograph } from './drawn-scenes.ts';

export interface SampleResultsOptions {
  readonly samples: number;
  /** Different pictures to draw; samples use them in rotation. */
  readonly pictures?: number;
  /** Pictures as heavy as photographs. */
  readonly grain?: boolean;
}

interface Phrase {
  readonly text: string;
  readonly noun: string;
  readonly instances: readonly { readonly bbox: readonly number[]; readonly score: number | null }[];
  readonly grounding: 'found' | 'absent' | 'dropped' | 'unanswered';
  readonly note?: string;
}

/** Writes a results folder as a run leaves it: mostly good samples, some partial, each twentieth failed. Deterministic. */
export async function writeSampleResults(folder: string, { samples, pictures = 24, grain = false }: SampleResultsOptions): Promise<void> {
  await mkdir(join(folder, 'img'), { recursive: true });
  const scenes: DrawnScene[] = [];
  for (let index = 0; index < Math.min(pictures, samples); index++) {
    const scene = drawScene(index + 1, index % 5 === 3 ? 360 : 640, index % 5 === 3 ? 480 : 440);
    scenes.push(scene);
    await writeFile(join(folder, 'img', `scene-${index}.jpg`), await photograph(scene, grain));
  }
  const records: string[] = [];
  const failures: string[] = [];
  for (let line = 1; line <= samples; line++) {
    const place = (line - 1) % scenes.length;
    const scene = scenes[place];
    if (!scene) throw new Error('no scene was drawn');
    if (line % 20 === 7) failures.push(JSON.stringify(failureOf(line, place)));
    else records.push(JSON.stringify(recordOf(line, place, scene)));
  }
  await writeFile(join(folder, 'annotations.jsonl'), records.map((record) => `${record}\n`).join(''));
  await writeFile(join(folder, 'failed.jsonl'), failures.map((failure) => `${failure}\n`).join(''));
}

function recordOf(line: number, place: number, scene: DrawnScene) {
  const next = numbersFrom(line * 7919);
  const phrases = scene.things.map(({ phrase, noun, box }, index): Phrase => {
    const unsure = next();
    if (index > 0 && unsure < 0.06) return { text: `the ${phrase}`, noun, instances: [], grounding: 'absent' };
    if (index > 0 && unsure < 0.08) return { text: `the ${phrase}`, noun, instances: [], grounding: 'unanswered' };
    const score = Math.round((1 - next() ** 2 * 0.7) * 10_000) / 10_000;
    return {
      text: `${'aeiou'.includes(phrase[0] ?? '') ? 'an' : 'a'} ${phrase}`,
      noun,
      instances: [{ bbox: box, score }],
      grounding: 'found',
    };
  });
  const cleaned = `${phrases.map(({ text }, index) => (index === 0 ? text : `${index === phrases.length - 1 ? 'and' : 'next to'} ${text}`)).join(' ')} under the open sky.`;
  const caption = cleaned[0]?.toUpperCase() + cleaned.slice(1);
  let from = 0;
  const expressions = phrases.map(({ text, noun, instances, grounding }, index) => {
    const start = caption.toLowerCase().indexOf(text, from);
    from = start + text.length;
    const id = line.toString(16).padStart(16, '0');
    return {
      text: caption.slice(start, from),
      expression_id: `expr_${id}_0${index}`,
      char_span: [start, from],
      noun_chunk: noun,
      grounding,
      instances: instances.map((instance, box) => ({ ...instance, bbox_id: `box_${id}_0${index}_0${box}` })),
    };
  });
  return {
    image_path: `img/scene-${place}.jpg`,
    caption: line % 3 === 0 ? `um so here we have ${caption.toLowerCase()}` : caption,
    image_id: `scene-${line}`,
    width: scene.width,
    height: scene.height,
    cleaned_caption: caption,
    expressions,
    source: 'image_grounding',
    pipeline_steps: ['step0_expression_extraction', 'step1_grounding'],
    status: phrases.some(({ grounding }) => grounding === 'unanswered') ? 'partial' : 'ok',
  };
}

const failureKinds = [
  {
    step: 'step_1',
    code: 'reply_unusable',
    message: 'the reply holds no usable boxes',
    reply_head: '{"boxes": [{"box_2d": [12, 40, <b>"oops"</b>',
  },
  { step: 'step_0', code: 'image_not_found', message: 'the image is not there' },
  { step: 'step_1', code: 'model_unavailable', message: 'HTTP 503 five times: the model is overloaded' },
] as const;

function failureOf(line: number, place: number) {
  const kind = failureKinds[line % failureKinds.length];
  return {
    image_path: `img/scene-${place}.jpg`,
    caption: 'a scene that could not be read',
    image_id: `scene-${line}`,
    _groundline: { line, image_base: '.', attempts: 3, ...kind },
  };
}
