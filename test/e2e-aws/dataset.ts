import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { Document, parse } from 'yaml';
import { writeInput } from '#test/cli/command-line.ts';
import { runIn } from '#test/cli/in-process.ts';
import type { StandIn } from '#test/models/stand-in.ts';
import { type Cloud, dev } from './cloud.ts';

/** More images than this would be uploaded for nothing. */
const MANY = 200;

export interface Line {
  readonly image_path: string;
  readonly caption: string;
}

/** A dataset in a folder and in the bucket, under one name. */
export interface Dataset {
  readonly name: string;
  /** What to start a run of it with. */
  readonly uri: string;
  readonly folder: string;
  readonly lines: readonly Line[];
  uploadImages(): Promise<void>;
  uploadSpec(overrides?: readonly string[]): Promise<void>;
  uploadCaptions(): Promise<void>;
  /** Images, spec, captions. */
  upload(overrides?: readonly string[]): Promise<void>;
  change(line: number, caption: string): void;
  /** Another line equal to this one, at the end. */
  repeat(line: number): void;
  /** The same input through `groundline generate`; the folder of its results. */
  runLocally(overrides?: readonly string[]): Promise<string>;
}

/** Line i is image i (mod 200); images and captions have the dataset's name, so that no two datasets share a checkpoint. */
export function makeDataset(
  name: string,
  count: number,
  model: StandIn,
  captionOf = captionIn(name),
  { bucket, put }: Cloud = dev,
): Dataset {
  const folder = mkdtempSync(join(tmpdir(), `groundline-${name}-`));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const images = Array.from({ length: Math.min(count, MANY) }, (_, i) => `img/${name}-${i}.png`);
  const imageOf = (i: number) => images[i % images.length] as string;
  const lines: Line[] = Array.from({ length: count }, (_, i) => ({ image_path: imageOf(i), caption: captionOf(i) }));
  const write = () => {
    writeInput(
      folder,
      lines.map((line) => ({ ...line })),
      images,
    );
  };
  write();
  const rewrite = () => writeFileSync(join(folder, 'captions.jsonl'), lines.map((each) => `${JSON.stringify(each)}\n`).join(''));
  const key = (file: string) => `inputs/${name}/${file}`;
  const uploadImages = async () => {
    for (let i = 0; i < images.length; i += 32)
      await Promise.all(images.slice(i, i + 32).map((image) => put(key(image), readFileSync(join(folder, image)))));
  };
  const uploadCaptions = async () => void (await put(key('captions.jsonl'), readFileSync(join(folder, 'captions.jsonl'))));
  const uploadSpec = async (overrides: readonly string[] = []) => void (await put(key('spec.yaml'), specOf(model, overrides)));

  return {
    name,
    uri: `s3://${bucket}/${key('captions.jsonl')}`,
    folder,
    lines,
    uploadImages,
    uploadSpec,
    uploadCaptions,
    async upload(overrides) {
      await uploadImages();
      await uploadSpec(overrides);
      await uploadCaptions();
    },
    change(line, caption) {
      lines[line] = { ...(lines[line] as Line), caption };
      rewrite();
    },
    repeat(line) {
      lines.push(lines[line] as Line);
      rewrite();
    },
    async runLocally(overrides = []) {
      const { results } = await runIn(folder, [...model.overrides, ...overrides]);
      return results;
    },
  };
}

const captionIn = (name: string) => (i: number) => `um a red car near a tall tree in ${name}, number ${i}`;

/** A spec file as a user would write it: no key inside. */
function specOf(model: StandIn, overrides: readonly string[]): string {
  const spec = new Document({ autolabel_type: 'image_grounding', image_grounding: {} });
  for (const override of [...model.overrides, ...overrides]) {
    const [path = '', value = ''] = override.split(/=(.*)/s);
    if (!path.endsWith('api_key')) spec.setIn(['image_grounding', ...path.split('.')], spec.createNode(parse(value)));
  }
  return spec.toString();
}
