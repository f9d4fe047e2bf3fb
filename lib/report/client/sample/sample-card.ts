import type { ReportedWorstSample } from '#results/evaluation-summary.ts';
import type { ReportFailure, ReportSample } from '../../report-data.ts';
import { element } from '../dom.ts';
import { formatNumber, formatScore } from '../page-format.ts';
import { renderCaption } from './caption.ts';
import { renderPhraseList } from './phrase-list.ts';
import { renderPicture } from './picture.ts';

export interface CardOptions {
  readonly full: boolean;
  readonly worst?: ReportedWorstSample;
}

/** Picture and text of a sample, for the list and for the close-up. */
export function sampleParts(sample: ReportSample, { full, worst }: CardOptions): HTMLElement[] {
  const picture = element('div', { class: 'picture' }, renderPicture(sample, { full, ...(worst?.truth ? { truth: worst.truth } : {}) }));
  const words = element('div', { class: 'words' }, heading(sample));
  if (worst) words.append(verdict(worst));
  words.append(renderCaption(sample));
  if (sample.failure) words.append(renderFailure(sample.failure));
  if (sample.phrases.length > 0) words.append(renderPhraseList(sample));
  else if (!sample.failure) words.append(element('p', { class: 'nothing' }, 'No visible phrase was found in this caption.'));
  if (sample.cleaned !== undefined && sample.cleaned !== sample.caption) words.append(renderOriginal(sample.caption));
  words.append(renderFacts(sample));
  return [picture, words];
}

/** A sample in the list. */
export function sampleCard(sample: ReportSample, place: number, total: number, worst: ReportedWorstSample | undefined): HTMLElement {
  const card = element('article', {
    class: `card ${sample.status}`,
    tabindex: '-1',
    'aria-posinset': place + 1,
    'aria-setsize': total,
    'aria-label': `Sample ${sample.id}`,
  });
  card.append(...sampleParts(sample, { full: false, ...(worst ? { worst } : {}) }));
  card
    .querySelector('.picture')
    ?.append(element('button', { type: 'button', class: 'enlarge', 'aria-label': `Enlarge ${sample.id}` }, '⤢'));
  return card;
}

function heading({ id, status }: ReportSample): HTMLElement {
  return element(
    'header',
    {},
    element('h3', { dir: 'auto' }, id),
    status === 'ok' ? undefined : element('span', { class: `pill ${status}` }, status),
  );
}

function verdict({ expression, iou, note }: ReportedWorstSample): HTMLElement {
  const about = expression === undefined ? '' : ` for “${expression}”`;
  return element('p', { class: 'verdict' }, element('strong', {}, `IoU ${formatScore(iou)}`), `${about}${note ? `: ${note}` : ''}`);
}

function renderFailure({ step, code, message, attempts, replyHead }: ReportFailure): HTMLElement {
  const tried = attempts > 1 ? `, ${attempts} attempts` : '';
  const block = element(
    'div',
    { class: 'failure' },
    element('p', {}, element('code', {}, code), element('span', { class: 'where' }, ` in ${step}${tried}`)),
    element('p', {}, message),
  );
  if (replyHead !== undefined && replyHead !== '')
    block.append(
      element('p', { class: 'label' }, 'The reply began'),
      element('pre', { tabindex: '0', role: 'region', 'aria-label': 'Head of the raw reply' }, replyHead),
    );
  return block;
}

function renderOriginal(caption: string): HTMLElement {
  return element('p', { class: 'original', dir: 'auto' }, element('span', { class: 'label' }, 'Original '), caption);
}

function renderFacts({ line, path, width, height, link }: ReportSample): HTMLElement {
  const facts = element('p', { class: 'facts' }, element('span', {}, `line ${formatNumber(line)}`));
  if (width && height) facts.append(element('span', {}, `${width} × ${height}`));
  facts.append(element('span', { class: 'path', dir: 'auto' }, path));
  if (link) {
    const lapses = link.lapses === undefined ? '' : ` (link lapses ${link.lapses.replace('T', ' ').replace(/:\d\d(\.\d+)?Z$/, ' UTC')})`;
    facts.append(
      element('span', {}, element('a', { href: link.href, target: '_blank', rel: 'noopener noreferrer' }, `open file${lapses}`)),
    );
  }
  return facts;
}
