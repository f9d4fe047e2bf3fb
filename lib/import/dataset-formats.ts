import { readCoco } from './formats/read-coco.ts';
import { readFlickr30k } from './formats/read-flickr30k.ts';
import { readMdetr } from './formats/read-mdetr.ts';
import { readOdvg } from './formats/read-odvg.ts';
import { readRefcoco } from './formats/read-refcoco.ts';
import { readVisualGenome } from './formats/read-visual-genome.ts';
import type { ReadDataset } from './imported-sample.ts';

export interface DatasetFormat {
  readonly read: ReadDataset;
  /** The meaning of `source`. */
  readonly source: string;
  /** The format has parts, and `split` selects one. */
  readonly splits?: true;
}

/** Data sets that can be imported, by name. */
export const datasetFormats: Readonly<Record<string, DatasetFormat>> = {
  flickr30k: { read: readFlickr30k, source: 'folder with Annotations/, Sentences/ and the lists of ids', splits: true },
  coco: { read: readCoco, source: 'instances_*.json' },
  mdetr: { read: readMdetr, source: 'JSON with captions and tokens_positive' },
  odvg: { read: readOdvg, source: 'ODVG lines, of TAO or of mmdetection' },
  'visual-genome': { read: readVisualGenome, source: 'region_descriptions.json' },
  refcoco: { read: readRefcoco, source: "MDETR's finetune_refcoco*.json, or rows of a Hugging Face copy as JSON", splits: true },
};
