import { stringify } from 'yaml';
import { describeRange, type SettingNode, settingTree } from './setting-tree.ts';

const given: Readonly<Record<string, string>> = { 'data.input_jsonl': '???' };

/** A spec file with all settings at their defaults, each with its range. Settings without a default are commented out. */
export function defaultSpec(): string {
  const head = [
    '# Settings of groundline generate. ??? has to be given, here or on the command line: dotted.key=value.',
    '# Keys: GOOGLE_API_KEY or GEMINI_API_KEY, OPENAI_API_KEY; better not in this file, unless a run has two hosts.',
    'autolabel_type: image_grounding',
    "results_dir: '???'",
    'image_grounding:',
  ];
  return `${[...head, ...lines(settingTree(), [], '  ')].join('\n')}\n`;
}

function lines(node: SettingNode, path: readonly string[], indent: string): string[] {
  return Object.entries(node.properties ?? {}).flatMap(([key, child]) => {
    const below = [...path, key];
    if (child.properties) return section(key, child, below, indent);
    const value = given[below.join('.')] ?? child.default;
    const comment = [child.type === 'string' && !child.enum ? '' : describeNode(child), child.description ?? ''].filter(Boolean).join('; ');
    const setting = value === undefined ? `# ${key}:` : `${key}: ${flow(value)}`;
    return [`${indent}${setting}${comment ? `  # ${comment}` : ''}`];
  });
}

/** A section of settings. A step's own model has no defaults, because it inherits `vlm`: the section is a comment. */
function section(key: string, node: SettingNode, path: readonly string[], indent: string): string[] {
  const inside = lines(node, path, `${indent}  `);
  const isEmpty = inside.every((line) => line.trimStart().startsWith('#'));
  if (!isEmpty) return [`${indent}${key}:`, ...inside];
  const names = Object.keys(node.properties ?? {}).join(', ');
  return [`${indent}# ${key}:  # another model for this step; settings left out have the values of vlm: ${names}`];
}

const describeNode = (node: SettingNode) => (node.type === 'object' ? '' : describeRange(node));

const flow = (value: unknown) =>
  stringify(value, {
    collectionStyle: 'flow',
    defaultStringType: typeof value === 'string' && value !== '' ? 'PLAIN' : 'QUOTE_DOUBLE',
  }).trim();
