import { iou } from '#core/box.ts';
import { createPathIndex } from '#core/path-index.ts';
import type { ExportBox, ExportPhrase, ExportSample } from './export-format.ts';
import type { ExportTally } from './export-tally.ts';

/** A sample without its image's name in the export. */
export type UnnamedSample = Omit<ExportSample, 'image' | 'stem'>;

/** Whether this is the last sample of an image path; called once per sample. */
export type IsLast = (imagePath: string) => boolean;

/** Reads all paths once, so that an image's samples can be released after the last one. Keeps 35 bytes per path. */
export async function countSamples(imagePaths: AsyncIterable<string>, signal: AbortSignal): Promise<IsLast> {
  const index = createPathIndex();
  let left = new Uint32Array(1024);
  for await (const path of imagePaths) {
    signal.throwIfAborted();
    const { number } = index.add(path);
    if (number >= left.length) {
      const larger = new Uint32Array(left.length * 2);
      larger.set(left);
      left = larger;
    }
    left[number] = (left[number] ?? 0) + 1;
  }
  return (path) => {
    const { number } = index.add(path);
    left[number] = (left[number] ?? 0) - 1;
    return left[number] === 0;
  };
}

/** Merges all samples of an image, from any place in the file, into one. */
export function createImageGroups(isLast: IsLast, tally: ExportTally) {
  const open = new Map<string, UnnamedSample>();
  return {
    /** The image's merged sample, after its last line; `sample` is `undefined` for a line that is left out. */
    add(imagePath: string, sample: UnnamedSample | undefined): UnnamedSample | undefined {
      const before = open.get(imagePath);
      const joined = before && sample ? join(before, sample) : (sample ?? before);
      if (!isLast(imagePath)) {
        if (joined) open.set(imagePath, joined);
        return undefined;
      }
      open.delete(imagePath);
      return joined && { ...joined, phrases: mergeOverlaps(joined.phrases, tally) };
    },
  };
}

function join(first: UnnamedSample, second: UnnamedSample): UnnamedSample {
  return { ...first, captions: [...first.captions, ...second.captions], phrases: [...first.phrases, ...second.phrases] };
}

const SAME = 0.9;

/** "a man" and "the man in red" may be one man: of overlapping boxes of one category, the one with the best score stays, the first of equal ones. */
function mergeOverlaps(phrases: readonly ExportPhrase[], tally: ExportTally): ExportPhrase[] {
  const ranked = phrases
    .flatMap((phrase, place) => phrase.boxes.map((box) => ({ category: phrase.category, place, box })))
    .sort((a, b) => (b.box.score ?? -1) - (a.box.score ?? -1) || a.place - b.place);
  const kept: typeof ranked = [];
  for (const one of ranked) {
    if (kept.some(({ category, box }) => category === one.category && iou(box.box, one.box.box) > SAME)) tally.add('merged');
    else kept.push(one);
  }
  const stays = new Set<ExportBox>(kept.map(({ box }) => box));
  return phrases.flatMap((phrase) => {
    const boxes = phrase.boxes.filter((box) => stays.has(box));
    return boxes.length === 0 ? [] : [{ ...phrase, boxes }];
  });
}
