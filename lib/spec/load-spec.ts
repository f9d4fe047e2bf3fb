import { UsageError } from '#core/errors.ts';
import type { Settings } from '#core/settings.ts';
import { hostsOf } from '#models/step-endpoint.ts';
import { checkSettings } from './check-settings.ts';
import { withCurrentModels } from './current-models.ts';
import { interpolate, missingValue } from './interpolate.ts';
import { applyOverrides, overridePath } from './overrides.ts';
import { isTree, parseSpecFile, type SpecTree } from './parse-spec-file.ts';
import { nearest, settingTree, suggestSetting } from './setting-tree.ts';
import { idleKeys, otherPipelines } from './tao-keys.ts';

/** A required part of the spec. `input` is required only where step 0 runs. */
export type Need = 'input' | 'results';

export interface SpecSource {
  /** The text of a spec file and its name for messages. */
  readonly file?: { readonly text: string; readonly name: string };
  /** `dotted.key=value`, later ones win. */
  readonly overrides: readonly string[];
  /** The source of the overrides, for messages. @default 'the command line' */
  readonly overrider?: string;
  readonly env: (name: string) => string | undefined;
  /** The parts that this command requires. @default both */
  readonly needs?: readonly Need[];
  /** Backends with a key in the environment, which has precedence over the file. */
  readonly environmentKeys?: { readonly google?: unknown; readonly openai?: unknown };
}

export interface LoadedSpec {
  readonly settings: Settings;
  readonly resultsDir: string;
  /** One line each, for the user. */
  readonly notices: readonly string[];
}

/** Combines spec file, command line and environment into settings. Throws `UsageError` with a suggested fix. */
export function loadSpec(source: SpecSource): LoadedSpec {
  const { file, overrides, overrider = 'the command line', env, environmentKeys = {}, needs = ['input', 'results'] } = source;
  const name = file?.name ?? overrider;
  const overridden = overrides.map((override) => overridePath(override).join('.'));
  const sourceOf = (path: string) => (overridden.some((given) => isWithin(path, given) || isWithin(given, path)) ? overrider : name);
  const written = file ? parseSpecFile(file.text, name) : { autolabel_type: 'image_grounding' };
  const spec = withoutNulls(applyOverrides(written, overrides)) as SpecTree;
  const idle = removeIdleKeys(spec);
  requireKnownSections(spec, sourceOf);
  const unset = new Set<string>();
  const read = (key: string) => interpolate(spec[key], [key], { root: spec, env, unset });
  requireImageGrounding(read('autolabel_type'), sourceOf('autolabel_type'));
  const section = read('image_grounding') ?? {};
  if (!isTree(section)) throw new UsageError(`${sourceOf('image_grounding')}: image_grounding has to be a section of "key: value" lines`);
  const left: string[] = [];
  const checked = checkSettings(removeMissing(section, 'image_grounding', left), sourceOf);
  const isOfFile = (path: string) => file !== undefined && sourceOf(path) === name;
  const { settings, notices } = withCurrentModels(withoutFileKeys(checked, environmentKeys, isOfFile));
  const resultsDir = read('results_dir');
  requireGiven({ left, unset, settings, resultsDir, name, needs });
  return { settings, resultsDir: resultsDir === missingValue ? '' : String(resultsDir ?? ''), notices: [...idleNotice(idle), ...notices] };
}

const isWithin = (path: string, outer: string) => path === outer || path.startsWith(`${outer}.`);

/** Removes nulls: in OmegaConf, null means "not set". */
function withoutNulls(value: unknown): unknown {
  if (!isTree(value)) return value;
  return Object.fromEntries(Object.entries(value).flatMap(([key, item]) => (item === null ? [] : [[key, withoutNulls(item)]])));
}

/**
 * Removes keys of the file that the environment replaces. With two hosts of one backend in a run, the variable belongs to neither,
 * and the file's keys stay. Keys of single steps have no variable and stay.
 */
function withoutFileKeys(
  settings: Settings,
  keys: NonNullable<SpecSource['environmentKeys']>,
  isOfFile: (path: string) => boolean,
): Settings {
  const { vlm } = settings;
  const isReplaced = (backend: 'gemini' | 'openai', key: unknown) =>
    key !== undefined && hostsOf(settings, backend).length < 2 && isOfFile(`image_grounding.vlm.${backend}.api_key`);
  const gemini = isReplaced('gemini', keys.google) ? { ...vlm.gemini, api_key: '' } : vlm.gemini;
  const openai = isReplaced('openai', keys.openai) ? { ...vlm.openai, api_key: '' } : vlm.openai;
  return { ...settings, vlm: { ...vlm, gemini, openai } };
}

function removeIdleKeys(spec: SpecTree): string[] {
  return [...idleKeys].filter((path) => {
    const keys = path.split('.');
    const last = keys.pop() as string;
    const parent = keys.reduce<unknown>((node, key) => (isTree(node) ? node[key] : undefined), spec);
    if (!isTree(parent) || !Object.hasOwn(parent, last)) return false;
    delete parent[last];
    return true;
  });
}

function idleNotice(idle: readonly string[]): string[] {
  return idle.length === 0 ? [] : [`these keys of the spec have no effect and are ignored: ${idle.join(', ')}`];
}

function requireKnownSections(spec: SpecTree, sourceOf: (path: string) => string): void {
  const known = ['autolabel_type', 'results_dir', 'image_grounding'];
  for (const key of Object.keys(spec)) {
    if (known.includes(key) || otherPipelines.has(key)) continue;
    const meant = nearest(key, known) ?? suggestSetting(settingTree(), [], key); // a flat spec has the sections of image_grounding at the top level
    throw new UsageError(
      `${sourceOf(key)}: ${key} is not a setting${meant ? `; did you mean ${meant}?` : '; groundline default-specs lists them all'}`,
    );
  }
}

function requireImageGrounding(type: unknown, name: string): void {
  if (type === 'image_grounding') return;
  const got =
    type === undefined || type === missingValue ? 'has no autolabel_type, which means mal in TAO' : `has autolabel_type: ${String(type)}`;
  throw new UsageError(`${name} ${got}; only image_grounding is supported: set autolabel_type: image_grounding`);
}

/** Removes values `???`, so that defaults apply, and collects their paths. */
function removeMissing(section: SpecTree, path: string, left: string[]): SpecTree {
  return Object.fromEntries(
    Object.entries(section).flatMap(([key, value]): [string, unknown][] => {
      if (value === missingValue) left.push(`${path}.${key}`);
      return value === missingValue ? [] : [[key, isTree(value) ? removeMissing(value, `${path}.${key}`, left) : value]];
    }),
  );
}

interface Given {
  readonly left: readonly string[];
  readonly unset: ReadonlySet<string>;
  readonly settings: Settings;
  readonly resultsDir: unknown;
  readonly name: string;
  readonly needs: readonly Need[];
}

/** Requires missing values only where they are used, as OmegaConf does. */
function requireGiven({ left, unset, settings, resultsDir, name, needs }: Given): void {
  const { vlm, workflow, data } = settings;
  const backends = [vlm.extraction.backend, vlm.grounding.backend, vlm.backend];
  const input = 'image_grounding.data.input_jsonl';
  const matters = (path: string) => {
    const backend = /\.(gemini|openai)\./.exec(path)?.[1];
    return path !== input && !path.endsWith('.api_key') && (!backend || backends.some((used) => used === backend));
  };
  const absent = left.filter(matters);
  if (needs.includes('input') && workflow.steps.includes('0') && data.input_jsonl === '') absent.push(input);
  if (needs.includes('results') && (resultsDir === undefined || resultsDir === missingValue || resultsDir === ''))
    absent.push('results_dir');
  if (absent.length === 0) return;
  const variables = unset.size === 0 ? '' : ` (environment variables that are not set: ${[...unset].join(', ')})`;
  const additions = absent.map((path) => `${path}=…`).join(' ');
  throw new UsageError(`${name} lacks ${absent.join(', ')}${variables}: add ${additions} to the command, or set it in the spec`);
}
