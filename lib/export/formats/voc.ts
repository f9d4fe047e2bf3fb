import { posix } from 'node:path';
import type { ExportFormat, ExportPhrase, ExportSample } from '../export-format.ts';
import { openSplitFiles } from '../json-files.ts';
import { writeSmallFile } from '../write-small-file.ts';

/** Pascal VOC: one XML file per image with 1-based inclusive corners, and the lists of `ImageSets/Main`. */
export const voc: ExportFormat = {
  name: 'voc',
  summary: 'Pascal VOC XML files with image lists',
  frame: 'stored',
  loader: "torchvision's VOCDetection",
  labelFiles: 'flat',
  byImage: true,
  hasScores: false,
  hasCategories: true,
  refusesEmpty: false,
  needsImages: true,
  imageFolder: () => 'JPEGImages',
  async open({ files, splits, hasImages }) {
    const lists = await openSplitFiles(files, splits, (split) => `ImageSets/Main/${split}.txt`);
    return {
      ...lists,
      async write(sample, split) {
        await writeSmallFile(files.folder, `Annotations/${sample.stem}.xml`, annotation(sample, hasImages));
        await lists.write(split, `${sample.stem}\n`);
      },
    };
  },
};

function annotation({ image, size, phrases }: ExportSample, hasImages: boolean): string {
  return `<annotation>
\t<folder>${escapeXml(hasImages ? 'JPEGImages' : posix.dirname(image))}</folder>
\t<filename>${escapeXml(hasImages ? image : posix.basename(image))}</filename>
\t<size>
\t\t<width>${size.width}</width>
\t\t<height>${size.height}</height>
\t\t<depth>3</depth>
\t</size>
\t<segmented>0</segmented>
${phrases.flatMap((phrase) => objects(phrase)).join('')}</annotation>
`;
}

function objects({ category, boxes }: ExportPhrase): string[] {
  return boxes.map(
    ({ box: [x1, y1, x2, y2] }) => `\t<object>
\t\t<name>${escapeXml(category)}</name>
\t\t<pose>Unspecified</pose>
\t\t<truncated>0</truncated>
\t\t<difficult>0</difficult>
\t\t<bndbox>
\t\t\t<xmin>${Math.floor(x1) + 1}</xmin>
\t\t\t<ymin>${Math.floor(y1) + 1}</ymin>
\t\t\t<xmax>${Math.ceil(x2)}</xmax>
\t\t\t<ymax>${Math.ceil(y2)}</ymax>
\t\t</bndbox>
\t</object>
`,
  );
}

const ESCAPES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

/** Without the control characters that XML cannot represent. */
function escapeXml(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: XML 1.0 forbids exactly these
  return text.replace(/[\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]/g, '').replace(/[&<>"]/g, (sign) => ESCAPES[sign] ?? sign);
}
