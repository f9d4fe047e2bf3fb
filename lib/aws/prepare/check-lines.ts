import { GetObjectCommand, HeadObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { UsageError } from '#core/errors.ts';
import { FileNotFoundError } from '#core/ports.ts';
import { unpacked } from '#input/byte-lines.ts';
import { chooseLines } from '#input/choose-lines.ts';
import { scanInput } from '#input/scan-input.ts';
import { isS3AccessDenied, isS3NotFound } from '#storage/s3/s3-errors.ts';
import { openUpload } from '../run-state/resumable-upload.ts';
import { runFiles } from '../run-state/run-paths.ts';
import type { PinnedObject } from '../run-state/stored-plan.ts';
import type { Preparation } from './preparation.ts';
import { type PrepareState, readPrepareState, writePrepareState } from './prepare-state.ts';
import type { ResolvedSpec } from './resolve-spec.ts';
import { type Validated, validateInput } from './validate-input.ts';

export interface CheckedLines extends Validated {
  readonly lines: number;
  readonly sha256: string;
  readonly plain: PinnedObject;
  readonly kind: 'captions' | 'step_0';
}

export interface LineChecking extends Preparation {
  readonly spec: ResolvedSpec;
  readonly imageBase: string;
}

/** Time reserved to suspend the work. */
const SAVE_MS = 60_000;

/** Counts the lines of the input, decompresses a gzip input, then checks every line. Progress is stored, and a later call resumes from it. */
export async function checkLines(checking: LineChecking): Promise<CheckedLines | { readonly later: string }> {
  const { cloud, paths, spec, remainingMs } = checking;
  const statePath = `${paths.prefix}/${runFiles.prepareState}`;
  let state = await readPrepareState(cloud.bucket, statePath);
  const store = async (changes: Partial<PrepareState>) => {
    state = { ...state, ...changes };
    await writePrepareState(cloud.bucket, statePath, state);
  };
  const save = Math.min(SAVE_MS, remainingMs() / 3);

  const source = state.source ?? (await pin(checking));
  const open = () => withUsageErrors(cloud.filesIn(source.bucket, source.version).read(source.key), source);
  if (state.scan === undefined) await store({ source, scan: await scanInput(open()) });
  if (state.plain === undefined) await store({ plain: (await isGzip(open())) ? await unpack(checking, open()) : source });
  const { scan, plain } = state as Required<Pick<PrepareState, 'scan' | 'plain'>>;
  const kind = spec.settings.workflow.steps.includes('0') ? 'captions' : 'step_0';
  if (state.validated === undefined) {
    const result = await validateInput({
      files: cloud.filesIn(plain.bucket, plain.version),
      path: plain.key,
      kind,
      choice: chooseLines(spec.settings.workflow, scan.lines),
      imageBase: checking.imageBase,
      uploads: composeUploads(checking),
      repeatsFile: repeatsFile(checking),
      state: state.validation,
      isLate: () => remainingMs() < save,
    });
    if ('state' in result) {
      await store({ validation: result.state });
      const { samples, rejected } = result.state ?? { samples: 0, rejected: 0 };
      return { later: `${samples + rejected} of ${scan.lines} lines checked` };
    }
    await store({ validation: undefined, validated: { ...result.done, images: [...result.done.images] } });
  }
  const { validated } = state as Required<Pick<PrepareState, 'validated'>>;
  return { ...(validated as Validated), lines: scan.lines, sha256: scan.sha256, plain, kind };
}

/** Pins the current version of the input, which the run processes from now on. */
async function pin({ cloud, paths }: Preparation): Promise<PinnedObject> {
  const { bucket, key } = paths.input;
  try {
    const { VersionId } = await cloud.s3.send(new HeadObjectCommand({ Bucket: bucket, Key: key }));
    return { bucket, key, version: VersionId };
  } catch (error) {
    if (isS3NotFound(error))
      throw new UsageError(`the input s3://${bucket}/${key} does not exist; fix: check the start input, or upload the file first`);
    if (isS3AccessDenied(error))
      throw new UsageError(
        `this environment cannot read s3://${bucket}/${key}: access denied; fix: upload it to s3://${cloud.variables.BUCKET}/inputs/<dataset>/`,
      );
    throw error;
  }
}

async function* withUsageErrors(chunks: AsyncIterable<Uint8Array>, { bucket, key }: PinnedObject): AsyncGenerator<Uint8Array> {
  try {
    yield* chunks;
  } catch (error) {
    if (error instanceof FileNotFoundError)
      throw new UsageError(`s3://${bucket}/${key} was deleted while it was read; fix: upload it again`);
    throw error;
  }
}

async function isGzip(chunks: AsyncIterable<Uint8Array>): Promise<boolean> {
  for await (const chunk of chunks) return chunk[0] === 0x1f && chunk[1] === 0x8b;
  return false;
}

/** Writes the text of a gzip input next to the manifest, because byte ranges of a gzip file cannot be read. */
async function unpack(checking: Preparation, chunks: AsyncIterable<Uint8Array>): Promise<PinnedObject> {
  const { bucket, key, tailKey, client } = uploadAt(checking, runFiles.plainInput);
  const upload = await openUpload({ client, bucket, key, tailKey });
  for await (const chunk of unpacked(chunks)) await upload.write(chunk);
  await upload.close();
  return { bucket, key };
}

function composeUploads(checking: Preparation) {
  return { manifest: uploadAt(checking, runFiles.manifest), refused: uploadAt(checking, runFiles.rejected) };
}

function uploadAt({ cloud, paths }: Preparation, name: string) {
  const key = `${paths.prefix}/${name}`;
  return { client: cloud.s3, bucket: cloud.variables.BUCKET, key, tailKey: `${key}.tail` };
}

function repeatsFile({ cloud, paths }: Preparation) {
  // One object per offset: if the call dies before its state is stored, the counts of the state before still exist.
  const at = (offset: number) => ({ Bucket: cloud.variables.BUCKET, Key: `${paths.prefix}/work/repeats-${offset}.bin` });
  return {
    async read(offset: number) {
      const { Body } = await cloud.s3.send(new GetObjectCommand(at(offset)));
      return (await Body?.transformToByteArray()) ?? new Uint8Array();
    },
    async write(offset: number, bytes: Uint8Array) {
      await cloud.s3.send(new PutObjectCommand({ ...at(offset), Body: bytes }));
    },
  };
}
