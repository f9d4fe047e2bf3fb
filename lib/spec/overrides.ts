import { parse } from 'yaml';
import { UsageError } from '#core/errors.ts';
import { isTree, type SpecTree } from './parse-spec-file.ts';
import { ownSections } from './tao-keys.ts';

/** Whether a command-line argument is a `dotted.key=value` override instead of a file. */
export const isOverride = (argument: string) => /^\+{0,2}[A-Za-z_][\w-]*(\.[\w-]+)*=/.test(argument);

/**
 * Sets `dotted.key=value` in a spec, written as for Hydra. `vlm.backend=…` is short for `image_grounding.vlm.backend=…`.
 * Throws `UsageError`, which never contains the value: it may be a key.
 */
export function applyOverrides(spec: SpecTree, overrides: readonly string[]): SpecTree {
  const tree = structuredClone(spec);
  for (const override of overrides) {
    const path = overridePath(override);
    setAt(tree, path, parseHydraValue(override.slice(override.indexOf('=') + 1), path.join('.')));
  }
  return tree;
}

/** The keys that an override sets, from the top of the spec. Throws `UsageError`. */
export function overridePath(override: string): string[] {
  if (!isOverride(override))
    throw new UsageError(`cannot read the override "${override.split('=')[0]}": write dotted.key=value, e.g. vlm.backend=openai`);
  const keys = override.slice(0, override.indexOf('=')).replace(/^\++/, '').split('.');
  return ownSections.has(keys[0] ?? '') ? ['image_grounding', ...keys] : keys;
}

function setAt(tree: SpecTree, path: readonly string[], value: unknown): void {
  let node = tree;
  for (const key of path.slice(0, -1)) {
    const child = Object.hasOwn(node, key) ? node[key] : undefined;
    const next = isTree(child) ? child : {};
    define(node, key, next);
    node = next;
  }
  define(node, path.at(-1) ?? '', value);
}

/** Assignment would reach the prototype for `__proto__`. */
function define(node: SpecTree, key: string, value: unknown): void {
  Object.defineProperty(node, key, { value, writable: true, enumerable: true, configurable: true });
}

/** A value in Hydra's notation: lists and maps in brackets, quotes around text, else a number, `true`, `false`, `null` or the text itself. */
export function parseHydraValue(text: string, path: string): unknown {
  const value = text.trim();
  if (!/^(?:["'[{]|true$|false$|null$|[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?$)/i.test(value)) return value;
  try {
    // YAML requires a space after a bare key of a map, Hydra does not.
    return parse(value.startsWith('{') ? value.replaceAll(/([{,]\s*[\w.-]+):(?=\S)/g, '$1: ') : value);
  } catch {
    throw new UsageError(`cannot read the value given for ${path}: check its brackets and quotes, e.g. 'workflow.steps=["0","1"]'`);
  }
}
