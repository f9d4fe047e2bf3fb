import { readFile } from 'node:fs/promises';
import { stringify } from 'yaml';
import { requireRunnable } from '#aws/prepare/resolve-spec.ts';
import { requireAllowedHosts } from '#aws/runtime/allowed-hosts.ts';
import { UsageError } from '#core/errors.ts';
import type { Settings } from '#core/settings.ts';
import { loadSpec } from '#spec/load-spec.ts';
import { applyOverrides } from '#spec/overrides.ts';
import { isTree, parseSpecFile, type SpecTree } from '#spec/parse-spec-file.ts';

/** A spec file prepared for the bucket. */
export interface AwsSpec {
  readonly settings: Settings;
  /** `undefined` without a spec file and overrides: a spec in the dataset's folder then stays in use. */
  readonly text: string | undefined;
  readonly notices: readonly string[];
}

/** Merges the overrides into the spec file and checks the result with the rules of AWS. Throws `UsageError`, also for keys in the spec. */
export async function readAwsSpec(
  path: string | undefined,
  overrides: readonly string[],
  modelHosts: readonly string[] | undefined,
): Promise<AwsSpec> {
  const written = path === undefined ? { autolabel_type: 'image_grounding' } : parseSpecFile(await readSpecSource(path), path);
  const tree = withoutLocalPaths(applyOverrides(written, overrides));
  const text = stringify(tree);
  const name = path ?? 'the command line';
  const { settings, notices } = loadSpec({ file: { text, name }, overrides: [], env: () => undefined, needs: [] });
  requireRunnable(settings, name, "of the stack's output ModelKeysSecret");
  if (modelHosts) requireAllowedHosts(settings, modelHosts);
  return { settings, text: path === undefined && overrides.length === 0 ? undefined : text, notices };
}

/** On AWS, the dataset's folder and the run id decide the paths of input and results. */
function withoutLocalPaths(tree: SpecTree): SpecTree {
  const { results_dir: _, ...spec } = tree;
  const section = spec.image_grounding;
  if (!isTree(section) || !isTree(section.data)) return spec;
  const { input_jsonl: __, ...data } = section.data;
  return { ...spec, image_grounding: { ...section, data } };
}

async function readSpecSource(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw new UsageError(`cannot read the spec file ${path} (${(error as NodeJS.ErrnoException).code}); fix: check the path`, {
      cause: error,
    });
  }
}
