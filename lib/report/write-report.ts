import type { FileStore, FileWriter, ImageStore } from '#core/ports.ts';
import { readEvaluation } from '#results/evaluation-file.ts';
import { readRunFacts } from '#results/read-run-facts.ts';
import type { RunFacts } from '#results/run-facts.ts';
import { inlinePictures } from './inline-pictures.ts';
import { imageSources, pageHead, pageTail, pictureElement } from './page.ts';
import { type ResultsRead, readResults } from './read-results.ts';
import type { PictureLink, ReportData, ReportSample } from './report-data.ts';

export const reportFile = 'report.html';

export interface ReportOptions {
  /** The results folder: `annotations.jsonl`, `failed.jsonl`, `run.json`, perhaps `evaluation.json`, and the new `report.html`. */
  readonly results: FileStore;
  /** The source of thumbnails; without it pictures are only linked. */
  readonly images?: ImageStore;
  /** The link to a picture that is not inlined, by `image_path` as given. An error loses only that link. */
  readonly linkTo?: (imagePath: string, sample: ReportSample) => Promise<PictureLink | undefined>;
  readonly signal: AbortSignal;
  /** @default 5000 */
  readonly maxSamples?: number;
  /** Bytes that inlined pictures may add to the page. @default 24 MB */
  readonly pictureBudget?: number;
  /** The pixel limit for a picture's thumbnail. @default 100 million */
  readonly maxPixels?: number;
  /** Further notices at the top of the page. */
  readonly notices?: readonly string[];
}

/**
 * Writes one self-contained `report.html` into the results folder. Result files are streamed; `maxSamples` limits the samples in memory.
 * Throws `UsageError` if there are no results; a failure leaves no partial file.
 */
export async function writeReport(options: ReportOptions): Promise<void> {
  const { results, maxSamples = 5_000 } = options;
  const { evaluation, problem } = await readEvaluation(results);
  const read = await readResults(results, maxSamples, evaluation);
  const run = await readRunFacts(results);
  const title = composeTitle(run, results);
  const data = {
    title,
    run,
    totals: read.totals,
    notices: [...(options.notices ?? []), ...notices(read, run), ...(problem ? [problem] : [])],
    ...(evaluation ? { evaluation } : {}),
  };
  const page = await results.create(reportFile);
  try {
    await writePage(page, data, read.samples, options);
    await page.close();
  } catch (error) {
    await page.abort();
    throw error;
  }
}

async function writePage(
  page: FileWriter,
  data: Omit<ReportData, 'samples'>,
  samples: readonly ReportSample[],
  options: ReportOptions,
): Promise<void> {
  const { images, pictureBudget: budget = 24_000_000, maxPixels = 100_000_000, signal } = options;
  const paths = [...new Set(samples.map(({ path }) => path).filter((path) => path !== ''))];
  const { links, notices } = await linksTo(samples, options);
  await page.write(pageHead(data.title, imageSources([...links.values()])));
  const numbers = new Map<string, number>();
  if (images)
    for await (const { path, base64 } of inlinePictures(paths, { images, budget, maxPixels, signal })) {
      await page.write(pictureElement(numbers.size, base64));
      numbers.set(path, numbers.size);
    }
  const shown = samples.map((sample) => withPicture(sample, numbers.get(sample.path), links.get(sample)));
  await page.write(pageTail({ ...data, notices: [...data.notices, ...notices], samples: shown }));
}

/** A link may need a request. */
const LINKED_AT_ONCE = 8;

interface PictureLinks {
  readonly links: ReadonlyMap<ReportSample, PictureLink>;
  readonly notices: readonly string[];
}

async function linksTo(samples: readonly ReportSample[], { linkTo, signal }: ReportOptions): Promise<PictureLinks> {
  const links = new Map<ReportSample, PictureLink>();
  const problems: string[] = [];
  const add = async (sample: ReportSample) => {
    try {
      const link = await linkTo?.(sample.path, sample);
      if (link) links.set(sample, link);
    } catch (error) {
      problems.push(`line ${sample.line}: ${error instanceof Error ? error.message : String(error)}`);
    }
  };
  const linked = linkTo ? samples.filter(({ path }) => path !== '') : [];
  for (let start = 0; start < linked.length; start += LINKED_AT_ONCE) {
    signal.throwIfAborted();
    await Promise.all(linked.slice(start, start + LINKED_AT_ONCE).map(add));
  }
  if (problems.length === 0) return { links, notices: [] };
  const count = problems.length === 1 ? '1 picture' : `${problems.length.toLocaleString('en')} pictures`;
  return { links, notices: [`${count} could not be linked, the first of ${problems[0]}.`] };
}

/** A signed link is long and expires, so it is written only for a picture that is not inlined. */
function withPicture(sample: ReportSample, picture: number | undefined, link: PictureLink | undefined): ReportSample {
  const shownLink = picture !== undefined && link?.lapses !== undefined ? undefined : link;
  return { ...sample, ...(picture === undefined ? {} : { picture }), ...(shownLink === undefined ? {} : { link: shownLink }) };
}

function composeTitle({ input }: RunFacts, { location }: FileStore): string {
  const name = (path: string) => path.split(/[\\/]/).filter(Boolean).at(-1) ?? path;
  return input === undefined ? name(location) : name(input);
}

function notices({ samples, lines, unreadable }: ResultsRead, { pending = 0 }: RunFacts): string[] {
  const composed: string[] = [];
  if (pending > 0)
    composed.push(`This run is unfinished: ${pending.toLocaleString('en')} lines are pending. Run the same command again to resume.`);
  if (samples.length < lines)
    composed.push(
      `Sampled report: ${samples.length.toLocaleString('en')} of ${lines.toLocaleString('en')} samples are shown, failed, partial and low-scored ones first. Figures and charts count all of them.`,
    );
  if (unreadable.length > 0)
    composed.push(
      `${unreadable.length === 1 ? '1 result line' : `${unreadable.length.toLocaleString('en')} result lines`} could not be read: ${unreadable.slice(0, 3).join(', ')}${unreadable.length > 3 ? ' …' : ''}.`,
    );
  return composed;
}
