import type { ReportPhrase, ReportSample } from '#results/report/report-data.ts';
import { element } from './dom.ts';
import { counted, hueOf, outcomeWords, scoreText } from './words.ts';

/** One button per phrase: the keyboard's and the screen reader's way to its boxes. */
export function phraseListOf({ phrases }: ReportSample): HTMLElement {
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
      'data-hue': hueOf(index),
    },
    element('span', { class: 'number' }, String(index + 1)),
    element('span', { class: 'text', dir: 'auto' }, phrase.text),
    boxless ? whyBoxless(phrase) : scoresOf(phrase),
  );
}

function whyBoxless({ outcome, note }: ReportPhrase): HTMLElement {
  const { name, why } = outcomeWords[outcome];
  return element('span', { class: 'why' }, element('strong', {}, name), ` ${note ?? why}`);
}

const shownScores = 4;

function scoresOf({ boxes }: ReportPhrase): HTMLElement {
  const scores = boxes.flatMap(([, , , , score]) => (score === null ? [] : [scoreText(score)]));
  const said = scores.length === 0 ? 'no score' : `${scores.slice(0, shownScores).join('  ')}${scores.length > shownScores ? ' …' : ''}`;
  return element(
    'span',
    { class: 'scores' },
    boxes.length > 1 ? element('span', { class: 'boxes-count' }, `${counted(boxes.length, 'box', 'boxes')} `) : undefined,
    said,
  );
}
