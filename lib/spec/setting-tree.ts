import { closest, distance } from 'fastest-levenshtein';
import { z } from 'zod';
import { Settings } from '#core/settings.ts';

/** A node of the settings' JSON schema, for display. */
export interface SettingNode {
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly properties?: Readonly<Record<string, SettingNode>>;
  readonly additionalProperties?: unknown;
  readonly items?: SettingNode;
  readonly enum?: readonly unknown[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly minItems?: number;
}

/** The settings below `image_grounding:` as a tree, for messages and for the default spec file. */
export function settingTree(): SettingNode {
  return z.toJSONSchema(Settings, { io: 'input' }) as SettingNode;
}

/** The node at a path; `undefined` when none exists. */
export function settingAt(tree: SettingNode, path: readonly string[]): SettingNode | undefined {
  return path.reduce<SettingNode | undefined>(
    (node, key) => (node?.items && /^\d+$/.test(key) ? node.items : node?.properties?.[key]),
    tree,
  );
}

/** The range of a setting in words: `an integer, 1 or more`. */
export function describeRange(node: SettingNode): string {
  if (node.enum) return `one of ${node.enum.join(', ')}`;
  switch (node.type) {
    case 'integer':
      return `an integer${limits(node)}`;
    case 'number':
      return `a number${limits(node)}`;
    case 'boolean':
      return 'true or false';
    case 'string':
      return 'text';
    case 'array':
      return `a list of ${node.minItems ? `at least ${node.minItems}, each ` : ''}${describeRange(node.items ?? {})}`;
    default:
      return 'a section of "key: value" lines';
  }
}

function limits({ minimum = Number.NEGATIVE_INFINITY, maximum = Number.POSITIVE_INFINITY, exclusiveMinimum }: SettingNode): string {
  const [low, high] = [Math.abs(minimum) < Number.MAX_SAFE_INTEGER, Math.abs(maximum) < Number.MAX_SAFE_INTEGER];
  if (exclusiveMinimum !== undefined) return ` above ${exclusiveMinimum}`;
  if (low && high) return ` from ${minimum} to ${maximum}`;
  return low ? `, ${minimum} or more` : '';
}

/** Full dotted paths of all settings. */
function settingPaths(node: SettingNode, path: string): string[] {
  return Object.entries(node.properties ?? {}).flatMap(([key, child]) => [`${path}.${key}`, ...settingPaths(child, `${path}.${key}`)]);
}

/** The setting that an unknown name probably means: a sibling with a similar name, else that name at any place. */
export function suggestSetting(tree: SettingNode, path: readonly string[], key: string): string | undefined {
  const prefix = ['image_grounding', ...path].join('.');
  const neighbours = Object.keys(settingAt(tree, path)?.properties ?? {});
  const near = nearest(key, neighbours);
  if (near) return `${prefix}.${near}`;
  const elsewhere = settingPaths(tree, 'image_grounding');
  return elsewhere.find((known) => known.endsWith(`.${key}`)) ?? nearest(`${prefix}.${key}`, elsewhere);
}

/** The most similar name; `undefined` when none is similar enough. */
export function nearest(name: string, names: readonly string[]): string | undefined {
  if (names.length === 0) return undefined;
  const candidate = closest(name, [...names]);
  const tail = (path: string) => path.split('.').at(-1) ?? '';
  return distance(name, candidate) <= Math.max(2, tail(name).length / 3) || candidate.startsWith(`${name}_`) ? candidate : undefined;
}
