import { parse } from 'yaml';
import { UsageError } from '#core/errors.ts';
import { isTree } from './parse-spec-file.ts';

/** OmegaConf's marker for a value that the user must provide. */
export const missingValue = '???';

export interface InterpolationSource {
  readonly root: unknown;
  readonly env: (name: string) => string | undefined;
  /** Collects the names of unset variables without a default. Values that use them are missing. */
  readonly unset: Set<string>;
}

/** Resolves OmegaConf's `${oc.env:X}`, `${oc.env:X,default}`, `${a.b}` and `${.sibling}` in everything below `path`. Throws `UsageError`. */
export function interpolate(value: unknown, path: readonly string[], source: InterpolationSource): unknown {
  return resolveValue(value, path, { ...source, visited: [] });
}

interface Resolution extends InterpolationSource {
  /** Keys being resolved, to detect a cycle. */
  readonly visited: readonly string[];
}

function resolveValue(value: unknown, path: readonly string[], resolution: Resolution): unknown {
  if (typeof value === 'string') return resolveText(value, path, resolution);
  if (Array.isArray(value)) return value.map((item, index) => resolveValue(item, [...path, String(index)], resolution));
  if (!isTree(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, resolveValue(item, [...path, key], resolution)]));
}

/** Resolves a text. A single interpolation keeps the type of its value; with other text around it, it becomes text. */
function resolveText(text: string, path: readonly string[], resolution: Resolution): unknown {
  const parts = splitText(text, path);
  const values = parts.map((part) => ('literal' in part ? part.literal : resolveExpression(part.expression, path, resolution)));
  if (values.length === 1) return values[0];
  return values.includes(missingValue) ? missingValue : values.join('');
}

type TextPart = { readonly literal: string } | { readonly expression: string };

function splitText(text: string, path: readonly string[]): TextPart[] {
  const parts: TextPart[] = [];
  let literal = '';
  for (let i = 0; i < text.length; i++) {
    const escaped = text.startsWith('\\${', i);
    if (escaped || !text.startsWith('${', i)) {
      literal += escaped ? '${' : text[i];
      if (escaped) i += 2;
      continue;
    }
    const end = closingBrace(text, i + 2);
    if (end === undefined) throw new UsageError(`${path.join('.')} has a "\${" without its "}"`);
    if (literal) parts.push({ literal });
    literal = '';
    parts.push({ expression: text.slice(i + 2, end) });
    i = end;
  }
  return literal || parts.length === 0 ? [...parts, { literal }] : parts;
}

function closingBrace(text: string, from: number): number | undefined {
  let depth = 1;
  for (let i = from; i < text.length; i++) {
    if (text[i] === '{') depth++;
    if (text[i] === '}' && --depth === 0) return i;
  }
  return undefined;
}

function resolveExpression(expression: string, path: readonly string[], resolution: Resolution): unknown {
  const plain = String(resolveText(expression, path, resolution)).trim();
  const resolver = /^([\w.]+):(.*)$/s.exec(plain);
  if (!resolver) return resolveKey(plain, path, resolution);
  const [, name, argument = ''] = resolver;
  if (name !== 'oc.env')
    throw new UsageError(
      `${path.join('.')} uses the resolver ${name}, which is not supported: write \${oc.env:NAME}, a key of the spec, or the value`,
    );
  const comma = argument.indexOf(',');
  const variable = (comma < 0 ? argument : argument.slice(0, comma)).trim();
  const found = resolution.env(variable);
  if (found !== undefined) return found;
  if (comma < 0) {
    resolution.unset.add(variable);
    return missingValue;
  }
  return parse(argument.slice(comma + 1).trim() || '""');
}

function resolveKey(reference: string, path: readonly string[], resolution: Resolution): unknown {
  const target = absolutePath(reference, path);
  const name = target.join('.');
  if (resolution.visited.includes(name))
    throw new UsageError(`${path.join('.')} refers to itself: ${[...resolution.visited, name].join(' → ')}`);
  const found = target.reduce<unknown>((node, key) => readChild(node, key), resolution.root);
  if (found === undefined) throw new UsageError(`${path.join('.')} refers to \${${reference}}, which the spec does not have`);
  return resolveValue(found, target, { ...resolution, visited: [...resolution.visited, name] });
}

/** One leading dot means the siblings of this key, each further dot one level up. */
function absolutePath(reference: string, path: readonly string[]): string[] {
  const dots = /^\.*/.exec(reference)?.[0].length ?? 0;
  const keys = reference
    .slice(dots)
    .replaceAll(/\[([^\]]*)\]/g, '.$1')
    .split('.')
    .filter(Boolean);
  return dots === 0 ? keys : [...path.slice(0, Math.max(0, path.length - dots)), ...keys];
}

function readChild(node: unknown, key: string): unknown {
  if (Array.isArray(node)) return node[Number(key)];
  return isTree(node) && Object.hasOwn(node, key) ? node[key] : undefined;
}
