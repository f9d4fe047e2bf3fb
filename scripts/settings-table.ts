/** `npm run docs`: writes the README's table of settings from the schema of spec files. */
import { readFile, writeFile } from 'node:fs/promises';
import { describeRange, type SettingNode, settingTree } from '#spec/setting-tree.ts';

const begin = '<!-- settings: written by npm run docs -->\n';
const end = '<!-- end of settings -->';

/** The table as Markdown: a row for each setting below `image_grounding:`. */
export function settingsTable(): string {
  return ['| setting | default | may be | what it is for |', '| --- | --- | --- | --- |', ...rows(settingTree(), '')].join('\n');
}

/** `readme` with the current table. Throws `Error` if the marks are missing. */
export function withSettingsTable(readme: string): string {
  const [start, stop] = [readme.indexOf(begin), readme.indexOf(end)];
  if (start < 0 || stop < start)
    throw new Error(`cannot write the table of settings: README.md lacks the marks ${begin.trim()} and ${end}`);
  return `${readme.slice(0, start + begin.length)}${settingsTable()}\n${readme.slice(stop)}`;
}

function rows(node: SettingNode, path: string): string[] {
  return Object.entries(node.properties ?? {}).flatMap(([key, child]) => {
    const below = path === '' ? key : `${path}.${key}`;
    if (child.properties && !isStepModel(below)) return rows(child, below);
    return [`| \`${below}\` | ${shown(child)} | ${isStepModel(below) ? 'a section' : describeRange(child)} | ${purpose(below, child)} |`];
  });
}

/** The sections of a step's own model, with the keys of `vlm`. */
const isStepModel = (path: string) => path === 'vlm.extraction' || path === 'vlm.grounding';

function purpose(path: string, { description = '' }: SettingNode): string {
  return isStepModel(path) ? 'another model for this step: `backend`, `gemini`, `openai`, `media_resolution` as in `vlm`' : description;
}

function shown({ default: value }: SettingNode): string {
  return value === undefined || value === '' || (typeof value === 'object' && Object.keys(value ?? {}).length === 0)
    ? ''
    : `\`${typeof value === 'string' ? value : JSON.stringify(value)}\``;
}

if (import.meta.main) await writeFile('README.md', withSettingsTable(await readFile('README.md', 'utf8')));
