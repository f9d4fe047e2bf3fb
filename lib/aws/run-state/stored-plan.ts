import { z } from 'zod';
import type { FileStore, StepName } from '#core/ports.ts';
import { Settings } from '#core/settings.ts';
import type { StepModelFacts } from '#output/compose-run-file.ts';

const count = z.int().nonnegative();

/** An object of one fixed version, or the only one there will ever be under its key. */
const PinnedObject = z.object({ bucket: z.string(), key: z.string(), version: z.string().optional() });
export type PinnedObject = z.infer<typeof PinnedObject>;

/** What prepare has settled for everyone after it. Kept in the bucket, since states carry references only. Holds no key of a model. */
export const StoredPlan = z.object({
  runId: z.string(),
  prefix: z.string(),
  executionArn: z.string(),
  startedAt: z.number(),
  settings: Settings,
  /** The run whose forced answers are this run's, too; its own alone where there is none. */
  forcedSince: z.string().optional(),
  /** How the model writes boxes, as prepare found out; workers do not ask again. */
  coordinates: z.string().optional(),
  input: z.object({
    uri: z.string(),
    sha256: z.string(),
    lines: count,
    kind: z.enum(['captions', 'step_0']),
    /** Plain text, whose bytes the manifest counts. */
    plain: PinnedObject,
  }),
  imageBase: z.string(),
  /** Where images are looked for when not there. */
  imageFallback: z.string().optional(),
  /** Lines in the manifest, and refused ones. */
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
