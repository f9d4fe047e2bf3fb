import type { ExportSummary } from './count-export.ts';
import type { ExportFormat, Frame } from './export-format.ts';
import { type Counted, plural } from './export-tally.ts';

interface SummaryOptions {
  readonly format: ExportFormat;
  readonly frame: Frame;
  /** Images were copied into the export, upright. */
  readonly copied: boolean;
  /** The folder where relative image names begin, if the images are not in the export. */
  readonly imagesAt: string | undefined;
}

/** The summary of an export, for the user. */
export function composeSummary(summary: ExportSummary, options: SummaryOptions): string {
  const splits = Object.entries(summary.samples);
  const total = splits.reduce((sum, [, samples]) => sum + samples, 0);
  const parts = splits.length < 2 ? '' : ` (${splits.map(([name, samples]) => `${name} ${samples.toLocaleString('en')}`).join(', ')})`;
  const categories = summary.categories ? `, ${plural(summary.categories.length, 'category')}` : '';
  const leftOut = summary.counted.filter(({ kind }) => kind === 'left out');
  const notes = summary.counted.filter(({ kind }) => kind === 'note').map((note) => composeNotes(note, options));
  const empty = splits.filter(([, samples]) => samples === 0).map(([name]) => `split ${name} got no sample: there are too few`);
  const images = composeImageNotes(options);
  return [
    `${plural(total, options.format.byImage ? 'image' : 'sample')}${parts}, ${plural(summary.boxes, 'box')}${categories}`,
    ...(leftOut.length === 0 ? [] : ['left out:', ...leftOut.map(({ words }) => `  ${words}`)]),
    ...[...notes, ...empty, ...images].map((note) => `note: ${note}`),
  ].join('\n');
}

function composeNotes({ reason, words }: Counted, { format, frame, copied }: SummaryOptions): string {
  if (reason !== 'turned') return words;
  if (copied) return `${words}: their copies are upright, and so are their boxes`;
  const own = frame === format.frame;
  if (frame === 'stored')
    return `${words}: boxes are in the pixels as stored${own ? `, since ${format.loader} ignores EXIF (--frame upright for loaders that apply it)` : ''}`;
  return `${words}: boxes are in upright pixels${own ? `, as ${format.loader} reads them (--frame stored for loaders that ignore EXIF)` : ''}`;
}

function composeImageNotes({ format, imagesAt }: SummaryOptions): string[] {
  if (imagesAt === undefined) return [];
  const names = `image names begin at ${imagesAt}`;
  return format.needsImages ? [`${names}; ${format.name} wants its images in the export: --copy-images or --link-images`] : [names];
}
