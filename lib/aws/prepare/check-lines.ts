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

/** Left for putting the work down. */
const SAVE_MS = 60_000;

/** Counts the lines of the input, unpacks it where it is packed, then reads every line. What is done is kept: a later call goes on from there. */
export async function checkLines(checking: LineChecking): Promise<CheckedLines | { readonly later: string }> {
  const { cloud, paths, spec, remainingMs } = checking;
  const statePath = `${paths.prefix}/${runFiles.prepareState}`;
  let state = await readPrepareState(cloud.bucket, statePath);
  const keep = async (changes: Partial<PrepareState>) => {
    state = { ...state, ...changes };
    await writePrepareState(cloud.bucket, statePath, state);
  };
  const save = Math.min(SAVE_MS, remainingMs() / 3);

  const source = state.source ?? (await pin(checking));
  const open = () => explained(cloud.filesIn(source.bucket, source.version).read(source.key), source);
  if (state.scan === undefined) await keep({ source, scan: await scanInput(open()) });
  if (state.plain === undefined) await keep({ plain: (await startsPacked(open())) ? await unpack(checking, open()) : source });
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
      await keep({ validation: result.state });
      const { samples, rejected } = result.state ?? { samples: 0, rejected: 0 };
      return { later: `${samples + rejected} of ${scan.lines} lines checked` };
    }
    await keep({ validation: undefined, validated: { ...result.done, images: [...result.done.images] } });
  }
  const { validated } = state as Required<Pick<PrepareState, 'validated'>>;
  return { ...(validated as Validated), lines: scan.lines, sha256: scan.sha256, plain, kind };
}

/** The version that is current now; from here on the run is of that one. */
async function pin({ cloud, paths }: Preparation): Promise<PinnedObject> {
  const { bucket, key } = paths.input;
  try {
    const { VersionId } = await cloud.s3.send(new HeadObjectCommand({ Bucket: bucket, Key: key }));
    return { bucket, key, ...(VersionId === undefined ? {} : { version: VersionId }) };
  } catch (error) {
    if (isS3NotFound(error)) throw new UsageError(`there is no s3://${bucket}/${key}: check the start input, or upload it first`);
    if (isS3AccessDenied(error))
      throw new UsageError(
        `s3://${bucket}/${key} may not be read by this environment: put it into its own bucket, s3://${cloud.variables.BUCKET}/inputs/<dataset>/`,
      );
    throw error;
  }
}

async function* explained(chunks: AsyncIterable<Uint8Array>, { bucket, key }: PinnedObject): AsyncGenerator<Uint8Array> {
  try {
    yield* chunks;
  } catch (error) {
    if (error instanceof FileNotFoundError) throw new UsageError(`s3://${bucket}/${key} was deleted while it was read: upload it again`);
    throw error;
  }
}

async function startsPacked(chunks: AsyncIterable<Uint8Array>): Promise<boolean> {
  for await (const chunk of chunks) return chunk[0] === 0x1f && chunk[1] === 0x8b;
  return false;
}

/** Ranges of a packed file cannot be read: its text is put beside the manifest. */
async function unpack(checking: Preparation, packed: AsyncIterable<Uint8Array>): Promise<PinnedObject> {
  const { bucket, key, tailKey, client } = uploadAt(checking, runFiles.plainInput);
  const upload = await openUpload({ client, bucket, key, tailKey });
  for await (const chunk of unpacked(packed)) await upload.write(chunk);
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
  // One for each offset: should the call die before its state is stored, the counts that belong to the state before are still there.
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
