import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { SaxesParser } from 'saxes';
import type { Box } from '#core/box.ts';
import { UsageError } from '#core/errors.ts';
import { hasArea } from '../boxes.ts';
import { codePointLength } from '../find-spans.ts';
import { type ImportedExpression, type ImportedSample, type LeftOut, leaveOut, type ReadOptions } from '../imported-sample.ts';

/**
 * Flickr30k Entities: `Annotations/<id>.xml`, `Sentences/<id>.txt`, and `<split>.txt` in the same folder. One line per sentence.
 * Phrases without a box (scenes, things without one, nothing visual) are left out, as in all published figures.
 */
export async function* readFlickr30k(source: string, { split }: ReadOptions, leftOut: LeftOut): AsyncGenerator<ImportedSample> {
  for (const id of await imageIds(source, split)) {
    const entities = readEntities(await readFile(join(source, 'Annotations', `${id}.xml`), 'utf8'), `${id}.xml`);
    const sentences = await readFile(join(source, 'Sentences', `${id}.txt`), 'utf8');
    for (const sentence of sentences.split('\n')) {
      if (sentence.trim() === '') continue;
      const { caption, phrases } = readSentence(sentence);
      const expressions: ImportedExpression[] = [];
      for (const { entity, text, span } of phrases) {
        const boxes = entities.boxes.get(entity);
        if (boxes) expressions.push({ text, span, boxes });
        else leaveOut(leftOut, entities.unboxed.get(entity) ?? 'phrases that name nothing visual');
      }
      if (expressions.length === 0) leaveOut(leftOut, 'sentences without a boxed phrase');
      else yield { fileName: `${id}.jpg`, caption, imageId: id, ...entities.size, expressions };
    }
  }
}

async function imageIds(source: string, split: string | undefined): Promise<string[]> {
  try {
    if (split !== undefined) return (await readFile(join(source, `${split}.txt`), 'utf8')).split(/\s+/).filter(Boolean);
    const names = await readdir(join(source, 'Annotations'));
    return names
      .filter((name) => name.endsWith('.xml'))
      .map((name) => name.slice(0, -4))
      .sort();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    const wanted = split === undefined ? 'the folders Annotations and Sentences' : `${split}.txt, Annotations and Sentences`;
    throw new UsageError(`no Flickr30k Entities in ${source}: expected ${wanted} (unpack annotations.zip there)`, { cause: error });
  }
}

interface SentencePhrase {
  readonly entity: string;
  readonly text: string;
  readonly span: ImportedExpression['span'];
}

/** `[/EN#283585/people Two young guys] look …`: words separated by single spaces; a bracket holds entity, types and phrase. */
function readSentence(sentence: string): { caption: string; phrases: SentencePhrase[] } {
  const phrases: SentencePhrase[] = [];
  const words: string[] = [];
  let length = 0;
  let open: { entity: string; first: number; start: number } | undefined;
  const add = (word: string) => {
    length += codePointLength(word) + 1;
    words.push(word);
  };
  for (const token of sentence.trim().split(/\s+/)) {
    const [, entity] = /^\[\/EN#([^/]*)\//.exec(token) ?? [];
    if (!open && entity !== undefined) {
      open = { entity, first: words.length, start: length };
      continue;
    }
    const closes = open !== undefined && token.endsWith(']');
    add(closes ? token.slice(0, -1) : token);
    if (!open || !closes) continue;
    phrases.push({ entity: open.entity, text: words.slice(open.first).join(' '), span: [open.start, length - 1] });
    open = undefined;
  }
  return { caption: words.join(' '), phrases };
}

interface Entities {
  readonly size: { readonly width?: number; readonly height?: number };
  readonly boxes: ReadonlyMap<string, readonly Box[]>;
  /** The reason for an entity's missing box. */
  readonly unboxed: ReadonlyMap<string, string>;
}

/** The XML counts pixels from 1 with both ends included: pixels 1 to 10 are the half-open range 0 to 10. */
function readEntities(xml: string, name: string): Entities {
  const boxes = new Map<string, Box[]>();
  const unboxed = new Map<string, string>();
  const size: { width?: number; height?: number } = {};
  let names: string[] = [];
  let fields: Record<string, number> = {};
  let text = '';
  const parser = new SaxesParser();
  parser.on('opentag', ({ name }) => {
    text = '';
    if (name !== 'object') return;
    names = [];
    fields = {};
  });
  parser.on('text', (piece) => {
    text += piece;
  });
  parser.on('closetag', ({ name }) => {
    const value = text.trim();
    text = '';
    if (name === 'name') names.push(value);
    else if (name === 'width' || name === 'height') size[name] = Number(value);
    else if (name !== 'object') fields[name] = Number(value);
    else
      for (const entity of names) {
        const { xmin, ymin, xmax, ymax, scene } = fields;
        if (xmin === undefined || ymin === undefined || xmax === undefined || ymax === undefined)
          unboxed.set(entity, scene === 1 ? 'phrases of the entire scene' : 'phrases without a box (nobox)');
        else {
          const box: Box = [xmin - 1, ymin - 1, xmax, ymax];
          if (hasArea(box)) boxes.set(entity, [...(boxes.get(entity) ?? []), box]);
        }
      }
  });
  parser.on('error', (error) => {
    throw new UsageError(`Annotations/${name} is not complete XML (${error.message}); unpack annotations.zip again`, { cause: error });
  });
  parser.write(xml).close();
  return { size, boxes, unboxed };
}
