import type { ReportData, WorstSample } from '#results/report/report-data.ts';
import { chartsOf } from './charts.ts';
import { createCloseUp } from './close-up.ts';
import { element } from './dom.ts';
import { evaluationOf } from './evaluation-section.ts';
import { createHelp } from './help.ts';
import { listenToKeys } from './keyboard.ts';
import { mastheadOf } from './masthead.ts';
import { tiePhrases, togglePin, unpin } from './phrase-focus.ts';
import { printWhole } from './print.ts';
import { sampleCard } from './sample-card.ts';
import { createToolbar } from './toolbar.ts';
import { everything, type Indexed, indexSample, samplesIn } from './view.ts';
import { createVirtualList } from './virtual-list.ts';

function start(data: ReportData): void {
  const worstOf = worstSamples(data);
  const all = data.samples.map((sample, place) => indexSample(sample, place, worstOf(sample)?.iou));
  let shown: Indexed[] = all;
  let current = -1;

  const feed = element('div', { class: 'feed', role: 'feed', 'aria-label': 'Samples' });
  const nothing = element('p', { class: 'empty', hidden: true }, 'No sample matches.');
  const help = createHelp();
  const closeUp = createCloseUp((by) => step(by));
  const toolbar = createToolbar(
    data,
    (view) => {
      shown = samplesIn(view, all);
      select(-1);
      list.reset(shown.length);
      toolbar.report(shown.length, all.length);
      nothing.hidden = shown.length > 0;
      if (feed.getBoundingClientRect().top < 0) list.show(0);
    },
    () => help.showModal(),
  );
  const card = (place: number) => {
    const { sample } = shown[place] as Indexed;
    const made = sampleCard(sample, place, shown.length, worstOf(sample));
    made.dataset['place'] = String(place);
    if (place === current) made.setAttribute('aria-current', 'true');
    return made;
  };
  const list = createVirtualList({ container: feed, render: card, estimate: (place) => estimateHeight(shown[place] as Indexed), covered: () => coveredBy(toolbar.element) });

  function select(place: number): void {
    feed.querySelector('[aria-current]')?.removeAttribute('aria-current');
    current = place;
    list.card(place)?.setAttribute('aria-current', 'true');
  }
  function step(by: number): void {
    if (shown.length === 0) return;
    const from = current >= 0 ? current : list.first - (by > 0 ? 1 : 0);
    const place = Math.min(shown.length - 1, Math.max(0, from + by));
    select(place);
    list.show(place)?.focus({ preventScroll: true });
    if (closeUp.element.open) enlarge();
  }
  function enlarge(): void {
    if (current < 0) select(list.first);
    const one = shown[current];
    if (one) closeUp.open(one.sample, worstOf(one.sample));
  }
  const pickFailure = (code: string) => {
    toolbar.show({ ...everything, status: 'failed', query: code });
    toolbar.element.scrollIntoView();
  };
  const pickWorst = (worst: WorstSample) => {
    toolbar.show({ ...everything, order: 'iou' });
    const place = shown.findIndex(({ sample }) => worstOf(sample) === worst || isOf(worst, sample));
    if (place < 0) return;
    select(place);
    list.show(place)?.focus({ preventScroll: true });
  };

  const charts = chartsOf(data.totals, data.run, pickFailure);
  (charts as HTMLDetailsElement).open = matchMedia('(min-width: 800px)').matches;
  const main = element('main', {}, element('h2', { class: 'unseen' }, 'Samples'), nothing, feed);
  const evaluation = data.evaluation ? evaluationOf(data.evaluation, pickWorst) : undefined;
  const page = [mastheadOf(data), charts, ...(evaluation ? [evaluation] : []), toolbar.element, main, closeUp.element, help];
  document.getElementById('report')?.replaceChildren(...page);

  tiePhrases(document.body);
  feed.addEventListener('click', (event) => {
    const clicked = event.target instanceof Element ? event.target.closest<HTMLElement>('article') : null;
    if (!clicked) return;
    select(Number(clicked.dataset['place']));
    if (event.target instanceof Element && event.target.closest('.enlarge')) enlarge();
  });
  listenToKeys({
    step,
    enlarge: () => (closeUp.element.open ? closeUp.element.close() : enlarge()),
    zoom: (factor) => closeUp.zoom(factor),
    pin: (phrase) => {
      if (current < 0) select(list.first);
      const scope = closeUp.element.open ? closeUp.element : list.card(current);
      if (scope) togglePin(scope, String(phrase));
    },
    search: () => toolbar.search.focus(),
    help: () => (help.open ? help.close() : help.showModal()),
    letGo: () => {
      const held = list.card(current);
      if (document.activeElement === toolbar.search) toolbar.search.blur();
      else if (held && unpin(held)) return;
      else toolbar.show(everything);
    },
  });
  printWhole(feed, (most) => shown.slice(0, most).map((_, place) => card(place)), () => list.reset(shown.length));
  toolbar.show(everything);
  document.body.dataset['ready'] = 'true';
}

function isOf(worst: WorstSample, { line, id, path }: ReportData['samples'][number]): boolean {
  if (worst.line !== undefined) return worst.line === line;
  return worst.id !== undefined ? worst.id === id : worst.path === path;
}

/** The worst expression of each sample, worst samples first in the data. */
function worstSamples({ evaluation, samples }: ReportData): (sample: ReportData['samples'][number]) => WorstSample | undefined {
  const found = new Map<number, WorstSample>();
  for (const worst of evaluation?.worst ?? []) {
    const sample = samples.find((one) => isOf(worst, one));
    if (sample && !found.has(sample.line)) found.set(sample.line, worst);
  }
  return ({ line }) => found.get(line);
}

function coveredBy(toolbar: HTMLElement): number {
  return getComputedStyle(toolbar).position === 'sticky' ? toolbar.offsetHeight : 0;
}

/** Near enough to keep the scroll bar calm; a card's real height replaces it once drawn. */
function estimateHeight({ sample }: Indexed): number {
  const wide = window.innerWidth >= 800;
  const column = wide ? Math.min(640, window.innerWidth * 0.5) : window.innerWidth - 32;
  const picture = sample.width && sample.height ? Math.min(480, (column * sample.height) / sample.width) : 240;
  const words = 170 + 40 * sample.phrases.length + (sample.failure ? 160 : 0);
  return wide ? Math.max(picture + 40, words) : picture + words;
}

start(JSON.parse(document.getElementById('data')?.textContent ?? 'null') as ReportData);
