import { UsageError } from '#core/errors.ts';
import { FileNotFoundError, type FileStore } from '#core/ports.ts';
import { withoutSecrets } from '#core/secrets/redact-secrets.ts';
import type { Settings } from '#core/settings.ts';
import { readRunFile } from '#results/read-run-file.ts';
import { type LoadedSpec, loadSpec } from '#spec/load-spec.ts';
import { isTree, parseSpecFile } from '#spec/parse-spec-file.ts';
import type { S3Location } from '#storage/s3/s3-location.ts';
import { parseS3 } from '#storage/s3/s3-location.ts';
import { parsePreviousRun, specName } from '../run-state/run-paths.ts';
import { readStoredText } from '../run-state/stored-plan.ts';
import { requireAllowedHosts } from '../runtime/allowed-hosts.ts';
import { listStartOverrides, type StartInput } from '../start/start-input.ts';

export interface SpecSources {
  readonly start: StartInput;
  readonly input: S3Location;
  /** A bucket's files by its name. */
  readonly filesIn: (bucket: string, version?: string) => FileStore;
  /** Name of the secret with the keys, for messages. */
  readonly secret: string;
  /** Hosts that the environment allows. */
  readonly modelHosts: readonly string[];
}

export interface ResolvedSpec extends Pick<LoadedSpec, 'settings' | 'notices'> {
  /** Root of relative image paths of this input if `data.image_root` is empty. */
  readonly imageFolder: string;
  /** The forced run that this forced run continues. Its replies are reused. */
  readonly forcedSince: string | undefined;
}

/** Default calls in flight: two functions. The default of 4 in TAO is meant for one machine. */
const DEFAULT_WORKERS = 64;

/** The settings of a run: the spec file next to the captions, or for a result file the spec of its run; then the start input. Throws `UsageError`. */
export async function resolveSpec(sources: SpecSources): Promise<ResolvedSpec> {
  const { start, input, secret, modelHosts } = sources;
  const uri = `s3://${input.bucket}/${input.key}`;
  const previous = await readPreviousSpec(sources);
  const file = await specFile(sources, previous?.text);
  const startOverrides = listStartOverrides(start);
  const defaults = setsWorkers(file) ? [] : [`workflow.max_workers=${DEFAULT_WORKERS}`];
  const overrides = [...defaults, ...startOverrides];
  const { settings, notices } = loadSpec({
    file,
    overrides,
    overrider: 'the start input',
    env: () => undefined,
    needs: [],
  });
  requireRunnable(settings, file?.name ?? 'the start input', secret);
  // Captions may be uploaded before their spec, so the hosts of the default model are checked only before its calls.
  if (file !== undefined || start.spec !== undefined) requireAllowedHosts(settings, modelHosts);
  return {
    settings: { ...settings, data: { ...settings.data, input_jsonl: uri } },
    notices,
    imageFolder: previous?.imageBase ?? uri.slice(0, uri.lastIndexOf('/')),
    // A start input with force_reprocess repeats the calls of the previous run, too.
    forcedSince: (startOverrides.includes('workflow.force_reprocess=true') ? undefined : previous?.forcedSince) ?? start.forced_since,
  };
}

interface SpecText {
  readonly text: string;
  readonly name: string;
}

async function specFile({ start, input, filesIn }: SpecSources, previous: SpecText | undefined): Promise<SpecText | undefined> {
  if (typeof start.spec === 'string') {
    const { bucket, key } = parseS3(start.spec);
    const text = await readTextIfPresent(filesIn(bucket), key);
    if (text === undefined) throw new UsageError(`the spec file ${start.spec} does not exist; fix: check "spec" of the start input`);
    return { text, name: start.spec };
  }
  if (previous) return previous;
  const key = `${input.key.slice(0, input.key.lastIndexOf('/') + 1)}${specName}`;
  const text = await readTextIfPresent(filesIn(input.bucket, start.uploaded?.spec ?? undefined), key);
  return text === undefined ? undefined : { text, name: `s3://${input.bucket}/${key}` };
}

interface PreviousSpec {
  readonly text: SpecText;
  readonly imageBase: string | undefined;
  readonly forcedSince: string | undefined;
}

/** The settings and the image base of the run that a result file belongs to. */
async function readPreviousSpec({ input, filesIn }: SpecSources): Promise<PreviousSpec | undefined> {
  const run = parsePreviousRun(input.key);
  if (run === undefined) return undefined;
  const name = `s3://${input.bucket}/${run.prefix}/run.json`;
  const {
    spec,
    image_base: imageBase,
    run_id: runId,
    forced_since: since = runId,
  } = (await readRunFile(filesIn(input.bucket), `${run.prefix}/run.json`)) ?? {};
  if (spec === undefined) return undefined;
  const { limit: _, sample: __, ...workflow } = isTree(spec.workflow) ? spec.workflow : {};
  const forcedSince = workflow.force_reprocess === true ? since : undefined;
  // Values in run.json are resolved: a "${" in them is text, no reference.
  const escaped = JSON.stringify({ ...spec, workflow }).replaceAll('${', '\\\\${');
  return { text: { text: `{"autolabel_type":"image_grounding","image_grounding":${escaped}}`, name }, imageBase, forcedSince };
}

async function readTextIfPresent(files: FileStore, key: string): Promise<string | undefined> {
  try {
    return await readStoredText(files, key);
  } catch (error) {
    if (error instanceof FileNotFoundError) return undefined;
    throw error;
  }
}

function setsWorkers(file: SpecText | undefined): boolean {
  if (file === undefined) return false;
  const section = parseSpecFile(file.text, file.name).image_grounding;
  return isTree(section) && isTree(section.workflow) && section.workflow.max_workers !== undefined;
}

/** Throws `UsageError` for a spec with secrets, or with a backend that does not run on AWS. */
export function requireRunnable(settings: Settings, name: string, secret: string): void {
  requireNoSecrets(settings, name, secret);
  requireRemote(settings);
}

/** A key in a spec would be readable in the bucket and in the history of the execution. */
function requireNoSecrets(settings: Settings, name: string, secret: string): void {
  const secrets = differing(settings, withoutSecrets(settings), 'image_grounding');
  if (secrets.length === 0) return;
  throw new UsageError(
    `${name} holds a secret (${secrets.join(', ')}), which would stay in the bucket; fix: remove it, replace the key at its provider, and store the new key in Secrets Manager, ` +
      `secret ${secret}, as {"api.openai.com":"…"}`,
  );
}

function differing(value: unknown, clean: unknown, path: string): string[] {
  if (isTree(value) && isTree(clean)) return Object.keys(value).flatMap((key) => differing(value[key], clean[key], `${path}.${key}`));
  return JSON.stringify(value) === JSON.stringify(clean) ? [] : [path];
}

function requireRemote({ vlm, workflow }: Settings): void {
  const backends = [
    ...(workflow.steps.includes('0') ? [vlm.extraction.backend ?? vlm.backend] : []),
    ...(workflow.steps.includes('1') ? [vlm.grounding.backend ?? vlm.backend] : []),
  ];
  if (backends.includes('builtin'))
    throw new UsageError('vlm.backend=builtin runs on one machine only (groundline generate); fix: set vlm.backend to gemini or openai');
}
