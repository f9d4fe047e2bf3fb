import type { ReportSample, ScoredBox } from '../../report-data.ts';
import { element, style, svg } from '../dom.ts';
import { formatQuantity, formatScore, selectHue } from '../page-format.ts';

interface PlacedBox {
  readonly phrase: number;
  readonly text: string;
  readonly box: ScoredBox;
}

export interface PictureOptions {
  /** Prefer a linked local file over the inlined thumbnail. */
  readonly full: boolean;
  readonly truth?: readonly (readonly [number, number, number, number])[];
}

/** The picture of a sample with its boxes, or a placeholder with the reason for a missing one. */
export function renderPicture(sample: ReportSample, { full, truth = [] }: PictureOptions): HTMLElement {
  const { width, height } = sample;
  const frame = element('div', { class: 'frame' });
  if (width && height) style(frame, { '--ratio': String(width / height) });
  else frame.classList.add('unmeasured');
  const source = findPictureSource(sample, full);
  frame.append(source === undefined ? placeholder(sample) : image(sample, source, frame));
  if (width && height) frame.append(boxLayer(sample, width, height, truth), ...badges(sample, width, height));
  return frame;
}

function findPictureSource({ picture, link }: ReportSample, full: boolean): string | undefined {
  const inlined = picture === undefined ? undefined : document.getElementById(`picture-${picture}`)?.textContent;
  const onDisk = link !== undefined && !link.href.startsWith('https:');
  if (link && (!inlined || (full && onDisk))) return link.href;
  return inlined ? `data:image/webp;base64,${inlined}` : undefined;
}

function image(sample: ReportSample, source: string, frame: HTMLElement): HTMLElement {
  const picture = element('img', { alt: sample.caption || sample.path, decoding: 'async', draggable: 'false', src: source });
  picture.addEventListener(
    'error',
    () => {
      const inlined = findPictureSource(sample, false);
      if (inlined !== undefined && inlined !== source) picture.src = inlined;
      else picture.replaceWith(placeholder(sample, true));
      frame.classList.toggle('broken', inlined === undefined || inlined === source);
    },
    { once: true },
  );
  return picture;
}

function placeholder({ path, link }: ReportSample, broken = false): HTMLElement {
  const lapsed = link?.lapses !== undefined && Date.parse(link.lapses) < Date.now();
  const why = lapsed
    ? `its link lapsed on ${link.lapses}`
    : broken
      ? 'it does not open from here'
      : 'it could not be read or did not fit into this file';
  return element(
    'div',
    { class: 'no-picture' },
    element('strong', {}, 'No picture'),
    element('span', {}, `${path || 'no image_path'}: ${why}`),
  );
}

/** Small boxes last, so that large ones never cover them. */
function placedBoxes({ phrases }: ReportSample): PlacedBox[] {
  const extent = ({ box: [x1, y1, x2, y2] }: PlacedBox) => (x2 - x1) * (y2 - y1);
  return phrases.flatMap(({ boxes, text }, phrase) => boxes.map((box) => ({ phrase, text, box }))).sort((a, b) => extent(b) - extent(a));
}

function boxLayer(sample: ReportSample, width: number, height: number, truth: NonNullable<PictureOptions['truth']>): SVGElement {
  const placed = placedBoxes(sample);
  const layer = svg('svg', {
    class: 'boxes',
    viewBox: `0 0 ${width} ${height}`,
    preserveAspectRatio: 'none',
    role: 'img',
    'aria-label': formatQuantity(placed.length, 'box', 'boxes'),
  });
  for (const [x1, y1, x2, y2] of truth) layer.append(svg('rect', { class: 'truth', x: x1, y: y1, width: x2 - x1, height: y2 - y1 }));
  for (const { phrase, text, box } of placed) {
    const [x1, y1, x2, y2, score] = box;
    const place = { x: x1, y: y1, width: Math.max(0, x2 - x1), height: Math.max(0, y2 - y1) };
    const label = `${text}${score === null ? '' : ` ${formatScore(score)}`}`;
    layer.append(
      svg(
        'g',
        { class: 'box', 'data-phrase': phrase, 'data-in': phrase, 'data-hue': selectHue(phrase) },
        svg('title', {}, label),
        svg('rect', { class: 'casing', ...place }),
        svg('rect', { class: 'edge', ...place }),
      ),
    );
  }
  return layer;
}

/** The width for the numbers of one corner in pixels; further numbers show only when highlighted, so that no row leaves the picture. */
const cornerRoom = 100;

/**
 * Numbers in the corners, as HTML to keep their size: side by side at a shared corner, above a box that is too small.
 * A highlighted number shows its phrase and score.
 */
function badges(sample: ReportSample, width: number, height: number): HTMLElement[] {
  const corners = new Map<string, number>();
  return placedBoxes(sample).map(({ phrase, text, box: [x1, y1, x2, y2, score] }) => {
    const badge = element(
      'span',
      { class: 'badge', 'data-phrase': phrase, 'data-in': phrase, 'data-hue': selectHue(phrase), 'aria-hidden': 'true' },
      String(phrase + 1),
      element('span', { class: 'badge-text' }, score === null ? text : `${text} ${formatScore(score)}`),
    );
    const fromRight = x1 + x2 > 1.2 * width;
    badge.classList.toggle('from-right', fromRight);
    badge.classList.toggle('above', y1 > height * 0.06 && (x2 - x1 < width * 0.12 || y2 - y1 < height * 0.12));
    const corner = `${fromRight} ${Math.round((fromRight ? x2 : x1) / (width / 40))} ${Math.round(y1 / (height / 40))}`;
    const used = corners.get(corner) ?? 0;
    const crowded = used > cornerRoom;
    badge.classList.toggle('crowded', crowded);
    corners.set(corner, used + badgeWidth(phrase + 1));
    return style(badge, {
      [fromRight ? 'margin-right' : 'margin-left']: `${crowded ? 0 : used}px`,
      [fromRight ? 'right' : 'left']: `${(100 * (fromRight ? width - x2 : x1)) / width}%`,
      top: `${(100 * y1) / height}%`,
    });
  });
}

/** The approximate width of a `.badge`, with a gap. */
function badgeWidth(number: number): number {
  return Math.max(21, 13 + 8 * String(number).length);
}
