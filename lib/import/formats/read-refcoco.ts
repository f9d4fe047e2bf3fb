import { open } from 'node:fs/promises';
import { z } from 'zod';
import type { Box } from '#core/box.ts';
import { UsageError } from '#core/errors.ts';
import { BoxNumbers, fromCorner, hasArea } from '../boxes.ts';
import { codePointLength } from '../find-spans.ts';
import { type ImportedSample, type LeftOut, leaveOut, type ReadOptions } from '../imported-sample.ts';
import { firstCharacter, jsonRows } from '../json-elements.ts';
import { parseEntry } from '../parse-entry.ts';
import { composeMdetrSample, mdetrImages } from './read-mdetr.ts';

const HINT =
  'use MDETR\'s finetune_refcoco_val.json, or write the rows of a Hugging Face copy as JSON: datasets.load_dataset("jxu124/refcoco", split="validation").to_json("refcoco.jsonl")';

/** RefCOCO, RefCOCO+ and RefCOCOg: each expression is a line and names one box. Input: MDETR's JSON, or rows of the Hugging Face copies. */
export async function* readRefcoco(source: string, options: ReadOptions, leftOut: LeftOut): AsyncGenerator<ImportedSample> {
  await refusePickle(source);
  const first = await firstCharacter(source);
  yield* first === '{' && (await isOneObject(source)) ? readMdetrFile(source, leftOut) : readRows(source, options, leftOut);
}

/** The expression is the complete caption; MDETR's spans mark only its head noun. */
async function* readMdetrFile(source: string, leftOut: LeftOut): AsyncGenerator<ImportedSample> {
  for await (const { image, annotations } of mdetrImages(source, leftOut)) {
    const boxes = annotations.map(({ box }) => box);
    if (boxes.length === 0 || image.caption.trim() === '') leaveOut(leftOut, 'expressions without words or box');
    else yield { ...composeMdetrSample(image), ...captionAsExpression(image.caption, boxes) };
  }
}

const Info = z.object({ file_name: z.string(), width: z.number().optional(), height: z.number().optional() });
const Row = z.object({
  bbox: BoxNumbers,
  split: z.string().optional(),
  image_id: z.union([z.number(), z.string()]).optional().catch(undefined),
  file_name: z.string().optional(),
  image_path: z.string().optional(),
  captions: z.array(z.string()).optional(),
  sentences: z.array(z.union([z.string(), z.object({ sent: z.string() })])).optional(),
  /** The expressions of lmms-lab's copies. */
  answer: z.array(z.string()).optional(),
  raw_image_info: z.union([z.string(), z.record(z.string(), z.unknown())]).optional(),
});
type Row = z.infer<typeof Row>;

async function* readRows(source: string, { split }: ReadOptions, leftOut: LeftOut): AsyncGenerator<ImportedSample> {
  let rows = 0;
  const splits = new Set<string>();
  for await (const value of jsonRows(source)) {
    const row = parseEntry(Row, value, source, 'rows');
    if (row.split !== undefined) splits.add(row.split);
    if (split !== undefined && row.split !== split) continue;
    rows++;
    yield* rowSamples(row, source, leftOut);
  }
  if (rows > 0) return;
  const known = [...splits].join(', ');
  throw new UsageError(
    split === undefined ? `${source} has no rows` : `${source} has no rows of split "${split}"${known && `; it has ${known}`}`,
  );
}

function* rowSamples(row: Row, source: string, leftOut: LeftOut): Generator<ImportedSample> {
  const info = row.raw_image_info === undefined ? undefined : parseEntry(Info, readInfo(row.raw_image_info), source, 'raw_image_info');
  const fileName = info?.file_name ?? cocoName(row.file_name ?? row.image_path);
  if (fileName === undefined)
    throw new UsageError(`${source}: a row names no image; it needs "raw_image_info", "file_name" or "image_path"`);
  // jxu124's copies have corners, lmms-lab's have COCO's form
  const box: Box = row.answer ? fromCorner(row.bbox) : row.bbox;
  const expressions = row.captions ?? row.answer ?? row.sentences?.map((one) => (typeof one === 'string' ? one : one.sent)) ?? [];
  for (const caption of expressions) {
    if (caption.trim() === '' || !hasArea(box)) {
      leaveOut(leftOut, 'expressions without words or box');
      continue;
    }
    const size = info?.width && info.height ? { width: info.width, height: info.height } : {};
    yield { fileName, ...(row.image_id === undefined ? {} : { imageId: row.image_id }), ...size, ...captionAsExpression(caption, [box]) };
  }
}

/** The copies contain JSON as text. */
function readInfo(text: unknown): unknown {
  try {
    return typeof text === 'string' ? JSON.parse(text) : text;
  } catch {
    return undefined;
  }
}

function captionAsExpression(caption: string, boxes: readonly Box[]): Pick<ImportedSample, 'caption' | 'expressions'> {
  return { caption, expressions: [{ text: caption, span: [0, codePointLength(caption)], boxes }] };
}

/** `COCO_train2014_000000581857_16.jpg` is the 16th annotation's crop of `COCO_train2014_000000581857.jpg`. */
function cocoName(path: string | undefined): string | undefined {
  return path?.replace(/^.*\//, '').replace(/^(COCO_[a-z]+\d+_\d{12})_\d+(\.\w+)$/, '$1$2');
}

async function refusePickle(source: string): Promise<void> {
  const file = await open(source);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(2), 0, 2, 0);
    if (/\.(p|pkl|pickle)$/.test(source) || (bytesRead > 0 && buffer[0] === 0x80))
      throw new UsageError(`${source} is a Python pickle, which can run any program when it is read, so it is not read; ${HINT}`);
    if (buffer.toString('latin1') === 'PA') throw new UsageError(`${source} is a parquet file; ${HINT}`);
  } finally {
    await file.close();
  }
}

/** One object for the complete file instead of one per line. */
async function isOneObject(source: string): Promise<boolean> {
  const file = await open(source);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(64 * 1024), 0, 64 * 1024, 0);
    const [line = ''] = buffer.toString('utf8', 0, bytesRead).split('\n', 1);
    return !/^\s*\{.*\}\s*$/s.test(line) || /^\s*\{\s*"(?:info|images|licenses|annotations|categories)"/.test(line);
  } finally {
    await file.close();
  }
}
