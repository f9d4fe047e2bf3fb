import type { z } from 'zod';
import { UsageError } from '#core/errors.ts';
import { isSecret } from '#core/secrets/redact-secrets.ts';
import { Settings } from '#core/settings.ts';
import { parseHydraValue } from './overrides.ts';
import { isTree, type SpecTree } from './parse-spec-file.ts';
import { describeRange, type SettingNode, settingAt, settingTree, suggestSetting } from './setting-tree.ts';

/**
 * Checks the section `image_grounding:` and fills in defaults. Values convert as in OmegaConf: `"8"` becomes a number for a number setting.
 * Throws one `UsageError` with all faults: the source (`sourceOf` a full path), the path, the given value (unless secret) and the valid range.
 */
export function checkSettings(section: SpecTree, sourceOf: (path: string) => string): Settings {
  const first = Settings.safeParse(section);
  if (first.success) return first.data;
  const tree = settingTree();
  const converted = structuredClone(section);
  for (const { path } of first.error.issues) convertAt(converted, path.map(String), tree);
  const second = Settings.safeParse(converted);
  if (second.success) return second.data;
  const faults = second.error.issues.flatMap((issue) => describeIssue(issue, converted, tree));
  throw new UsageError(describeFaults(faults.map(({ path, problem }) => ({ source: sourceOf(path), text: `${path}${problem}` }))));
}

function describeFaults(faults: readonly { readonly source: string; readonly text: string }[]): string {
  const [{ source, text } = { source: '', text: '' }, ...more] = faults;
  if (more.length === 0) return `${source}: ${text}`;
  const alike = more.every((other) => other.source === source);
  const lines = faults.map((fault) => (alike ? fault.text : `${fault.source}: ${fault.text}`));
  return `${alike ? `${source} has` : 'there are'} ${faults.length} faults:\n  ${lines.join('\n  ')}`;
}

function convertAt(section: SpecTree, path: readonly string[], tree: SettingNode): void {
  const parent = valueAt(section, path.slice(0, -1)) as Record<string, unknown> | undefined;
  const key = path.at(-1);
  const wanted = settingAt(tree, path);
  if (!parent || key === undefined || !wanted) return;
  const value = convert(parent[key], wanted);
  if (value !== undefined) parent[key] = value;
}

function convert(value: unknown, wanted: SettingNode): unknown {
  if (wanted.type === 'string') return typeof value === 'number' || typeof value === 'boolean' ? String(value) : undefined;
  if (typeof value !== 'string') return undefined;
  if (wanted.type === 'boolean')
    return /^(?:true|yes|on|y|1)$/i.test(value) ? true : /^(?:false|no|off|n|0)$/i.test(value) ? false : undefined;
  if (wanted.type === 'array') return parseList(value, wanted.items ?? {});
  const number = value.trim() === '' ? Number.NaN : Number(value);
  return (wanted.type === 'integer' || wanted.type === 'number') && Number.isFinite(number) ? number : undefined;
}

/** Parses a list in quotes: `'["0","1"]'`. */
function parseList(text: string, item: SettingNode): unknown {
  if (!text.trim().startsWith('[')) return undefined;
  const list = parseHydraValue(text, 'a list');
  return Array.isArray(list) ? list.map((value) => convert(value, item) ?? value) : undefined;
}

function describeIssue(
  issue: z.core.$ZodIssue,
  section: SpecTree,
  tree: SettingNode,
): { readonly path: string; readonly problem: string }[] {
  const path = issue.path.map(String);
  const full = (...more: string[]) => ['image_grounding', ...path, ...more].join('.');
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map((key) => {
      const meant = suggestSetting(tree, path, key);
      return {
        path: full(key),
        problem: ` is not a setting; ${meant ? `did you mean ${meant}?` : 'groundline default-specs lists them all'}`,
      };
    });
  const node = settingAt(tree, path);
  return [
    { path: full(), problem: `: got ${shown(valueAt(section, path), path)}, expected ${node ? describeRange(node) : issue.message}` },
  ];
}

function shown(value: unknown, path: readonly string[]): string {
  if (path.some(isSecret)) return 'a value of another type';
  const text = Array.isArray(value) ? 'a list' : isTree(value) ? 'a section' : JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}

const valueAt = (section: unknown, path: readonly string[]) =>
  path.reduce<unknown>(
    (node, key) => (typeof node === 'object' && node !== null ? (node as Record<string, unknown>)[key] : undefined),
    section,
  );
