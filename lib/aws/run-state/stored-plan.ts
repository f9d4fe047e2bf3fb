import { z } from 'zod';
import type { FileStore, StepName } from '#core/ports.ts';
import { Settings } from '#core/settings.ts';
import type { StepModelFacts } from '#output/compose-run-file.ts';

const count = z.int().nonnegative();

/** An object with a fixed version, or without versions an object that is never replaced. */
const PinnedObject = z.object({ bucket: z.string(), key: z.string(), version: z.string().optional() });
export type PinnedObject = z.infer<typeof PinnedObject>;

/** The decisions of prepare for all later states. Stored in the bucket, because states carry only references. Contains no API key. */
export const StoredPlan = z.object({
  runId: z.string(),
  prefix: z.string(),
  executionArn: z.string(),
  startedAt: z.number(),
  settings: Settings,
  /** The earlier run whose forced replies this run reuses. @default only its own */
  forcedSince: z.string().optional(),
  /** The coordinate convention of the model that prepare detected, so that workers need not detect it. */
  coordinates: z.string().optional(),
  input: z.object({
    uri: z.string(),
    sha256: z.string(),
    lines: count,
    kind: z.enum(['captions', 'step_0']),
    /** The plain text that the byte offsets of the manifest refer to. */
    plain: PinnedObject,
  }),
  imageBase: z.string(),
  /** Root for images that are not below `imageBase`. */
  imageFallback: z.string().optional(),
  /** Lines in the manifest, and refused lines. */
  samples: count,
  rejected: count,
  firstUnchosenLine: z.int().positive().optional(),
  lambdas: z.int().positive(),
  callsPerLambda: z.int().positive(),
  batchSize: z.int().positive(),
  steps: z.custom<Partial<Record<StepName, StepModelFacts>>>((value) => typeof value === 'object' && value !== null),
  notices: z.array(z.string()),
});
export type StoredPlan = z.infer<typeof StoredPlan>;

export async function readPlan(bucket: FileStore, path: string): Promise<StoredPlan> {
  return StoredPlan.parse(JSON.parse(await readStoredText(bucket, path)));
}

/** The text of a file. Throws `FileNotFoundError`. */
export async function readStoredText(files: FileStore, path: string): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of files.read(path)) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}

export async function writeStoredText(files: FileStore, path: string, text: string): Promise<void> {
  const writer = await files.create(path);
  await writer.write(text);
  await writer.close();
}
