import type { ExportFormat } from './export-format.ts';
import { coco } from './formats/coco.ts';
import { fiftyone } from './formats/fiftyone.ts';
import { hfImagefolder } from './formats/hf-imagefolder.ts';
import { labelStudio } from './formats/label-studio.ts';
import { llavaGrounding } from './formats/llava-grounding.ts';
import { odvg } from './formats/odvg.ts';
import { odvgMmdet } from './formats/odvg-mmdet.ts';
import { voc } from './formats/voc.ts';
import { yolo } from './formats/yolo.ts';

/** Every export format, in the order of the help. */
export const exportFormats: readonly ExportFormat[] = [
  odvg,
  odvgMmdet,
  coco,
  yolo,
  voc,
  labelStudio,
  fiftyone,
  hfImagefolder,
  llavaGrounding,
];
