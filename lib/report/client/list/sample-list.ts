import type { ReportData, ReportSample } from '../../report-data.ts';
import { element } from '../dom.ts';
import { sampleCard } from '../sample/sample-card.ts';
import type { WorstSampleLookup } from '../summary/worst-sample-index.ts';
import { type Indexed, indexSample, samplesIn, type View } from '../view.ts';
import { printCards } from './print.ts';
import { createVirtualList } from './virtual-list.ts';

export interface SampleList {
  readonly element: HTMLElement;
  /** Shows the samples of a view; returns how many. */
  show(view: View): number;
  /** Moves by `by` samples from the current one, or from the one at the top. */
  step(by: number): void;
  /** Moves to the first matching sample. */
  goTo(fits: (sample: ReportSample) => boolean): void;
  /** The current sample; by default the one at the top. */
  current(): ReportSample | undefined;
  /** The card of the current sample, if it is drawn. */
  card(): HTMLElement | undefined;
}

/** The samples of a view, one of them current. `enlarge` is called for a close-up; `covered` is the height of the fixed part at the top. */
export function createSampleList(data: ReportData, worstOf: WorstSampleLookup, enlarge: () => void, covered: () => number): SampleList {
  const all = data.samples.map((sample, place) => indexSample(sample, place, worstOf(sample)?.iou));
  let shown: Indexed[] = all;
  let currentPlace = -1;
  const feed = element('div', { class: 'feed', role: 'feed', 'aria-label': 'Samples' });
  const nothing = element('p', { class: 'empty', hidden: true }, 'No sample matches.');

  const card = (place: number) => drawCard(shown, place, place === currentPlace, worstOf);
  const list = createVirtualList({ container: feed, render: card, estimate: (place) => estimateHeight(shown[place]?.sample), covered });

  function select(place: number): void {
    feed.querySelector('[aria-current]')?.removeAttribute('aria-current');
    currentPlace = place;
    list.card(place)?.setAttribute('aria-current', 'true');
  }
  function goToPlace(place: number): void {
    select(place);
    list.show(place)?.focus({ preventScroll: true });
  }

  feed.addEventListener('click', ({ target }) => {
    const clicked = target instanceof Element ? target.closest<HTMLElement>('article') : null;
    if (!clicked || !(target instanceof Element)) return;
    select(Number(clicked.dataset.place));
    if (target.closest('.enlarge')) enlarge();
  });
  printCards(
    feed,
    (most) => shown.slice(0, most).map((_, place) => card(place)),
    () => list.reset(shown.length),
  );

  return {
    element: element('main', {}, element('h2', { class: 'unseen' }, 'Samples'), nothing, feed),
    show(view) {
      shown = samplesIn(view, all);
      select(-1);
      list.reset(shown.length);
      nothing.hidden = shown.length > 0;
      if (feed.getBoundingClientRect().top < 0) list.show(0);
      return shown.length;
    },
    step(by) {
      if (shown.length === 0) return;
      const from = currentPlace >= 0 ? currentPlace : list.first - (by > 0 ? 1 : 0);
      goToPlace(Math.min(shown.length - 1, Math.max(0, from + by)));
    },
    goTo(fits) {
      const place = shown.findIndex(({ sample }) => fits(sample));
      if (place >= 0) goToPlace(place);
    },
    current() {
      if (currentPlace < 0 && shown.length > 0) select(list.first);
      return shown[currentPlace]?.sample;
    },
    card: () => list.card(currentPlace),
  };
}

function drawCard(shown: readonly Indexed[], place: number, isCurrent: boolean, worstOf: WorstSampleLookup): HTMLElement {
  const one = shown[place];
  if (!one) throw new RangeError(`no sample at place ${place} of ${shown.length}`);
  const card = sampleCard(one.sample, place, shown.length, worstOf(one.sample));
  card.dataset.place = String(place);
  if (isCurrent) card.setAttribute('aria-current', 'true');
  return card;
}

/** An estimate that keeps the scroll bar steady; the real height replaces it after drawing. */
function estimateHeight(sample: ReportSample | undefined): number {
  if (!sample) return 0;
  const wide = window.innerWidth >= 800;
  const column = wide ? Math.min(640, window.innerWidth * 0.5) : window.innerWidth - 32;
  const picture = sample.width && sample.height ? Math.min(480, (column * sample.height) / sample.width) : 240;
  const words = 170 + 40 * sample.phrases.length + (sample.failure ? 160 : 0);
  return wide ? Math.max(picture + 40, words) : picture + words;
}
