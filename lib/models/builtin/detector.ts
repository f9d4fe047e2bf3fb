import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { loadGraphModel } from '@tensorflow/tfjs-converter';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-wasm';
import sharp from 'sharp';
import type { SentImage } from '#core/ports.ts';
import { undecodable } from '#images/image-header.ts';
import { cocoClasses } from './coco-classes.ts';
import { type Detection, withoutRepeats } from './detection.ts';

/** Finds things of 80 classes in a picture. Equal pictures give equal detections. */
export type Detector = (image: SentImage, signal: AbortSignal) => Promise<Detection[]>;

/** Lower scores are unreliable. */
const MIN_SCORE = 0.3;

/** The model scales every picture to 300 × 300 pixels. This size gives it enough detail and limits memory. */
const MAX_SIDE = 640;

/** Loads COCO-SSD (SSDLite-MobileNetV2) from a folder. */
export async function loadDetector(folder: string): Promise<Detector> {
  await tf.setBackend('wasm');
  const model = await loadGraphModel({ load: () => readModel(folder) });
  let before: Promise<unknown> = Promise.resolve();
  return async (image, signal) => {
    // The runtime supports one inference at a time.
    const turn = before.then(() => {
      signal.throwIfAborted();
      return infer(model, image);
    });
    before = turn.catch(() => undefined);
    return turn;
  };
}

async function readModel(folder: string): Promise<tf.io.ModelArtifacts> {
  const { modelTopology, weightsManifest } = JSON.parse(await readFile(join(folder, 'model.json'), 'utf8')) as tf.io.ModelJSON;
  const shards = await Promise.all(weightsManifest.flatMap(({ paths }) => paths).map((name) => readFile(join(folder, name))));
  const weights = Buffer.concat(shards);
  const weightData = weights.buffer.slice(weights.byteOffset, weights.byteOffset + weights.byteLength) as ArrayBuffer;
  return { modelTopology, weightSpecs: weightsManifest.flatMap(({ weights: specs }) => specs), weightData };
}

async function infer(model: Awaited<ReturnType<typeof loadGraphModel>>, image: SentImage): Promise<Detection[]> {
  const { data, info } = await decode(image);
  const input = tf.tensor4d(new Int32Array(data), [1, info.height, info.width, info.channels], 'int32');
  const [scores, boxes] = (await model.executeAsync(input)) as [tf.Tensor, tf.Tensor];
  try {
    return withoutRepeats(readDetections(scores.dataSync<'float32'>(), boxes.dataSync<'float32'>(), scores.shape[2] ?? 0, image));
  } finally {
    tf.dispose([input, scores, boxes]);
  }
}

async function decode({ bytes, width, height }: SentImage) {
  try {
    return await sharp(bytes, { failOn: 'warning', limitInputPixels: width * height })
      .resize({ width: MAX_SIDE, height: MAX_SIDE, fit: 'inside', withoutEnlargement: true })
      .flatten({ background: 'white' })
      .toColourspace('srgb')
      .raw()
      .toBuffer({ resolveWithObject: true });
  } catch (error) {
    throw undecodable(`the image cannot be decoded (${(error as Error).message.split('\n')[0]})`, { cause: error });
  }
}

/** Reads one row of scores (a column per class) and one box `[top, left, bottom, right]` in fractions for each anchor. */
function readDetections(scores: Float32Array, boxes: Float32Array, columns: number, { width, height }: SentImage): Detection[] {
  const detections: Detection[] = [];
  for (const [index, score] of scores.entries()) {
    const className = score >= MIN_SCORE ? cocoClasses[index % columns] : undefined;
    if (className === undefined) continue;
    const at = Math.floor(index / columns) * 4;
    const [top = 0, left = 0, bottom = 0, right = 0] = boxes.subarray(at, at + 4);
    const x = (value: number) => Math.min(1, Math.max(0, value)) * width;
    const y = (value: number) => Math.min(1, Math.max(0, value)) * height;
    detections.push({ className, score, box: [x(left), y(top), x(right), y(bottom)] });
  }
  return detections;
}
