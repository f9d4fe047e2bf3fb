import type { Box, Size } from '#core/box.ts';
import type { DirectoryFiles } from '#storage/disk/directory-files.ts';
import type { Categories } from './categories.ts';
import type { ExportTally } from './export-tally.ts';

/** Pixels that boxes are in: those of the upright picture, or those of the file as it is stored, for loaders that ignore EXIF. */
export type Frame = 'upright' | 'stored';

export interface ExportBox {
  readonly box: Box;
  readonly score: number | null;
}

/** A phrase with its boxes; at least one. */
export interface ExportPhrase {
  readonly text: string;
  /** Half-open, in code points of the sample's caption; none where the phrase is no part of it. */
  readonly span: readonly [number, number] | undefined;
  /** The noun chunk's category. */
  readonly category: string;
  readonly boxes: readonly ExportBox[];
}

/** What a format writes: one caption with its phrases, or, where a format wants one entry an image, all captions of an image. */
export interface ExportSample {
  /** The image's name in the export. */
  readonly image: string;
  /** The name of its label file without the ending, where the format has label files. */
  readonly stem: string;
  readonly imageId: unknown;
  /** In the export's frame, as the boxes are. */
  readonly size: Size;
  /** EXIF orientation of the image's own file. */
  readonly orientation: number;
  readonly captions: readonly [string, ...string[]];
  readonly phrases: readonly ExportPhrase[];
}

export interface Split {
  readonly name: string;
  readonly share: number;
}

/** Where a format writes to, and what it has to know for it. */
export interface ExportTarget {
  readonly files: DirectoryFiles;
  readonly splits: readonly [Split, ...Split[]];
  /** The name of a split's one file without its ending; `annotations` where nothing is split. */
  fileStem(split: string): string;
  /** The images lie in the export, where `imageFolder` says. */
  readonly hasImages: boolean;
  readonly categories: Categories;
  /** The id of the first category, where a format leaves the choice. */
  readonly firstCategoryId: number;
  /** Counts what the format itself leaves out or has to say. */
  readonly tally: ExportTally;
}

export interface FormatWriter {
  write(sample: ExportSample, split: string): Promise<void>;
  /** Finishes all files. */
  close(): Promise<void>;
  /** Gives up all files. */
  abort(): Promise<void>;
}

/** One way to write grounded samples. A new format is one file in `formats/` and a line in `formats.ts`. */
export interface ExportFormat {
  readonly name: string;
  /** One line for the help. */
  readonly summary: string;
  /** The ending of the one file it writes for a split; without it the format is a folder. */
  readonly extension?: '.json' | '.jsonl';
  /** The frame that its usual loader reads images in, and who that is. */
  readonly frame: Frame;
  readonly loader: string;
  /** One label file an image: in folders as the images are, or all in one folder. */
  readonly labelFiles?: 'nested' | 'flat';
  /** One entry an image, boxes of one category that lie on each other merged; otherwise one a caption. */
  readonly byImage: boolean;
  readonly hasScores: boolean;
  /** Labels boxes by category. */
  readonly hasCategories: boolean;
  /** Its loader cannot read a sample without boxes. */
  readonly refusesEmpty: boolean;
  /** Its loader finds images only inside the export. */
  readonly needsImages?: boolean;
  /** Where images go, relative to the export; names in `ExportSample.image` begin there. */
  imageFolder(split: string): string;
  open(target: ExportTarget): Promise<FormatWriter>;
}
