/** What can be left out of an export or deserves a word, with the words for it. Kinds: `left out` is missing from the export, `note` is in it. */
const exportReasons = {
  failedSamples: ['left out', 'sample', 'failed in the run (failed.jsonl says why)'],
  pendingSamples: ['left out', 'line', 'the run has not done yet'],
  partialDropped: ['left out', 'sample', 'only partly answered (--drop-partial)'],
  emptySamples: ['left out', 'sample', 'without a box (--drop-empty)'],
  unloadable: ['left out', 'sample', "without a box: the format's loader cannot read it"],
  absent: ['left out', 'phrase', 'not visible, as the model said'],
  unanswered: ['left out', 'phrase', 'without an answer of the model'],
  unusable: ['left out', 'phrase', 'with unusable boxes only, as the run found'],
  lowScore: ['left out', 'box', 'below --min-score'],
  unscoredDropped: ['left out', 'box', 'without a score (--drop-unscored)'],
  outside: ['left out', 'box', 'without area inside the image'],
  smallForLoader: ['left out', 'box', "less than a pixel wide or high, which the format's loader skips"],
  unwantedCategory: ['left out', 'box', 'of nouns that the categories file leaves out ("-")'],
  merged: ['left out', 'box', 'on a box of the same category in the same image (IoU over 0.9): merged into it'],
  partialKept: ['note', 'sample', 'only partly answered: in the export with what was answered (--drop-partial leaves them out)'],
  unscoredKept: ['note', 'box', 'without a score: kept, since --min-score cannot judge them (--drop-unscored leaves them out)'],
  scoreless: ['note', 'box', 'with a score, which the format has no place for'],
  emptyKept: ['note', 'sample', 'without a box: in the export as an image without objects (--drop-empty leaves them out)'],
  unplaced: ['note', 'phrase', 'without a place in the caption: in the export without a span'],
  unplacedDropped: ['left out', 'phrase', 'without a place in the caption, which the format needs'],
  turned: ['note', 'sample', 'with an image that EXIF turns'],
  oddScores: ['note', 'box', 'with a score outside 0 to 1: taken as without one'],
  nounGuessed: ['note', 'phrase', 'that came without a noun: its category is a guess from its words'],
  absoluteNames: ['note', 'sample', 'with an absolute image path (--images-root FOLDER makes names relative to it)'],
  remoteNames: ['note', 'sample', 'with an image at an address (s3://, https://)'],
  tokenLimit: ['note', 'sample', 'with phrases that may be more than the 256 text tokens its model reads: the last ones would be cut off'],
  phraseInPhrase: ['note', 'sample', "with a phrase that is part of another one: the loader may tie it to the other one's words"],
  sharedPhrase: ['note', 'sample', 'in which equal phrases name different things: the loader joins them'],
} as const satisfies Record<string, readonly ['left out' | 'note', string, string]>;
export type Reason = keyof typeof exportReasons;

export interface Counted {
  readonly reason: Reason;
  readonly kind: 'left out' | 'note';
  readonly count: number;
  /** The line for people, count included. */
  readonly words: string;
}

/** Counts by reason. */
export interface ExportTally {
  add(reason: Reason, count?: number): void;
  count(reason: Reason): number;
  /** What was counted, in the order of the pipeline. */
  list(): readonly Counted[];
}

export function createExportTally(): ExportTally {
  const counts = new Map<Reason, number>();
  return {
    add: (reason, count = 1) => void counts.set(reason, (counts.get(reason) ?? 0) + count),
    count: (reason) => counts.get(reason) ?? 0,
    list: () =>
      (Object.keys(exportReasons) as Reason[]).flatMap((reason) => {
        const count = counts.get(reason) ?? 0;
        const [kind, noun, words] = exportReasons[reason];
        return count === 0 ? [] : [{ reason, kind, count, words: `${plural(count, noun)} ${words}` }];
      }),
  };
}

/** `1 box`, `1,200 boxes`. */
export function plural(count: number, noun: string): string {
  const many = noun.endsWith('x') ? `${noun}es` : noun.endsWith('y') ? `${noun.slice(0, -1)}ies` : `${noun}s`;
  return `${count.toLocaleString('en')} ${count === 1 ? noun : many}`;
}
