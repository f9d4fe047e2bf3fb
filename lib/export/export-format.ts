import type { Box, Size } from '#core/box.ts';
import type { DirectoryFiles } from '#storage/disk/directory-files.ts';
import type { Categories } from './categories.ts';
import type { ExportTally } from './export-tally.ts';

/** The pixels of boxes: those of the upright picture, or those of the stored file, for loaders that ignore EXIF. */
export type Frame = 'upright' | 'stored';

export interface ExportBox {
  readonly box: Box;
  readonly score: number | null;
}

/** A phrase with at least one box. */
export interface ExportPhrase {
  readonly text: string;
  /** Half-open, in code points of the sample's caption; `undefined` for a phrase outside the caption. */
  readonly span: readonly [number, number] | undefined;
  /** The noun chunk's category. */
  readonly category: string;
  readonly boxes: readonly ExportBox[];
}

/** The input of a format: one caption with its phrases, or, for a format with one entry per image, all captions of an image. */
export interface ExportSample {
  /** The image's name in the export. */
  readonly image: string;
  /** The name of its label file without the extension, for a format with label files. */
  readonly stem: string;
  readonly imageId: unknown;
  /** In the export's frame, like the boxes. */
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

/** The destination of a format, with its settings. */
export interface ExportTarget {
  readonly files: DirectoryFiles;
  readonly splits: readonly [Split, ...Split[]];
  /** The name of a split's file without its extension; `annotations` without splits. */
  fileStem(split: string): string;
  /** The images are in the export, below `imageFolder`. */
  readonly hasImages: boolean;
  readonly categories: Categories;
  /** The id of the first category, for a format that leaves the choice. */
  readonly firstCategoryId: number;
  /** Counts the format's own omissions and notes. */
  readonly tally: ExportTally;
}

export interface FormatWriter {
  write(sample: ExportSample, split: string): Promise<void>;
  /** Finishes all files. */
  close(): Promise<void>;
  /** Removes all unfinished files. */
  abort(): Promise<void>;
}

/** One way to write grounded samples. A new format is one file in `formats/` and a line in `export-formats.ts`. */
export interface ExportFormat {
  readonly name: string;
  /** One line for the help. */
  readonly summary: string;
  /** The extension of its one file per split; without it the format is a folder. */
  readonly extension?: '.json' | '.jsonl';
  /** The frame that its usual loader reads, and the loader's name. */
  readonly frame: Frame;
  readonly loader: string;
  /** One label file per image: in the folders of the images, or all in one folder. */
  readonly labelFiles?: 'nested' | 'flat';
  /** One entry per image, with overlapping boxes of one category merged; otherwise one per caption. */
  readonly byImage: boolean;
  readonly hasScores: boolean;
  /** Labels boxes by category. */
  readonly hasCategories: boolean;
  /** Its loader cannot read a sample without boxes. */
  readonly refusesEmpty: boolean;
  /** Its loader finds images only inside the export. */
  readonly needsImages?: boolean;
  /** The folder of images, relative to the export; names in `ExportSample.image` begin there. */
  imageFolder(split: string): string;
  open(target: ExportTarget): Promise<FormatWriter>;
}
