import type { ReportPhrase, ReportSample } from '../../report-data.ts';
import { element } from '../dom.ts';
import { formatQuantity, formatScore, outcomeLabels, selectHue } from '../page-format.ts';

/** One button per phrase: access to its boxes by keyboard and screen reader. */
export function renderPhraseList({ phrases }: ReportSample): HTMLElement {
  return element(
    'ul',
    { class: 'phrases', 'aria-label': 'Phrases' },
    ...phrases.map((phrase, index) => element('li', {}, phraseButton(phrase, index))),
  );
}

function phraseButton(phrase: ReportPhrase, index: number): HTMLElement {
  const boxless = phrase.boxes.length === 0;
  return element(
    'button',
    {
      type: 'button',
      class: boxless ? 'phrase boxless' : 'phrase',
      'aria-pressed': 'false',
      'data-phrase': index,
      'data-in': index,
      'data-hue': selectHue(index),
    },
    element('span', { class: 'number' }, String(index + 1)),
    element('span', { class: 'text', dir: 'auto' }, phrase.text),
    boxless ? renderBoxlessReason(phrase) : renderScores(phrase),
  );
}

function renderBoxlessReason({ outcome, note }: ReportPhrase): HTMLElement {
  const { name, why } = outcomeLabels[outcome];
  return element('span', { class: 'why' }, element('strong', {}, name), ` ${note ?? why}`);
}

const shownScores = 4;

function renderScores({ boxes }: ReportPhrase): HTMLElement {
  const scores = boxes.flatMap(([, , , , score]) => (score === null ? [] : [formatScore(score)]));
  const scoreLabel =
    scores.length === 0 ? 'no score' : `${scores.slice(0, shownScores).join('  ')}${scores.length > shownScores ? ' …' : ''}`;
  return element(
    'span',
    { class: 'scores' },
    boxes.length > 1 ? element('span', { class: 'boxes-count' }, `${formatQuantity(boxes.length, 'box', 'boxes')} `) : undefined,
    scoreLabel,
  );
}
