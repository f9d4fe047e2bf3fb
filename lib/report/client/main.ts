import type { ReportedWorstSample } from '#results/evaluation-summary.ts';
import type { ReportData } from '../report-data.ts';
import { createHelp } from './help.ts';
import { listenToKeys } from './keyboard.ts';
import { createSampleList, type SampleList } from './list/sample-list.ts';
import { type CloseUp, createCloseUp } from './sample/close-up.ts';
import { tiePhrases, togglePin, unpin } from './sample/phrase-focus.ts';
import { renderCharts } from './summary/charts.ts';
import { renderEvaluation } from './summary/evaluation-section.ts';
import { renderMasthead } from './summary/masthead.ts';
import { indexWorstSamples, isSameSample, type WorstSampleLookup } from './summary/worst-sample-index.ts';
import { createToolbar, type Toolbar } from './toolbar.ts';
import { everything } from './view.ts';

/** Draws the report from its embedded data. */
function startPage(data: ReportData): void {
  const worstOf = indexWorstSamples(data);
  const help = createHelp();
  const toolbar = createToolbar(
    data,
    (view) => toolbar.report(list.show(view), data.samples.length),
    () => help.showModal(),
  );
  const { list, enlarge, closeUp } = createReader(data, worstOf, toolbar);
  const pickFailure = (code: string) => {
    toolbar.show({ ...everything, status: 'failed', query: code });
    toolbar.element.scrollIntoView();
  };
  const pickWorst = (worst: ReportedWorstSample) => {
    toolbar.show({ ...everything, order: 'iou' });
    list.goTo((sample) => isSameSample(worst, sample));
  };
  const charts = renderCharts(data.totals, data.run, pickFailure);
  charts.open = matchMedia('(min-width: 800px)').matches;
  const evaluation = data.evaluation ? [renderEvaluation(data.evaluation, pickWorst)] : [];
  const page = [renderMasthead(data), charts, ...evaluation, toolbar.element, list.element, closeUp.element, help];
  document.getElementById('report')?.replaceChildren(...page);
  tiePhrases(document.body);
  listenForReader({ list, enlarge, closeUp }, toolbar, help);
  toolbar.show(everything);
  document.body.dataset.ready = 'true';
}

interface Reader {
  readonly list: SampleList;
  readonly closeUp: CloseUp;
  enlarge(): void;
}

/** The list and the close-up, which stay in step. */
function createReader(data: ReportData, worstOf: WorstSampleLookup, toolbar: Toolbar): Reader {
  const covered = () => (getComputedStyle(toolbar.element).position === 'sticky' ? toolbar.element.offsetHeight : 0);
  const enlarge = () => {
    const sample = list.current();
    if (sample) closeUp.open(sample, worstOf(sample));
  };
  const list = createSampleList(data, worstOf, enlarge, covered);
  const closeUp = createCloseUp((by) => {
    list.step(by);
    enlarge();
  });
  return { list, enlarge, closeUp };
}

function listenForReader({ list, enlarge, closeUp }: Reader, toolbar: Toolbar, help: HTMLDialogElement): void {
  listenToKeys({
    step(by) {
      list.step(by);
      if (closeUp.element.open) enlarge();
    },
    enlarge: () => (closeUp.element.open ? closeUp.element.close() : enlarge()),
    zoom: (factor) => closeUp.zoom(factor),
    pin(phrase) {
      list.current();
      const scope = closeUp.element.open ? closeUp.element : list.card();
      if (scope) togglePin(scope, String(phrase));
    },
    search: () => toolbar.search.focus(),
    help: () => (help.open ? help.close() : help.showModal()),
    letGo() {
      const card = list.card();
      if (document.activeElement === toolbar.search) toolbar.search.blur();
      else if (!card || !unpin(card)) toolbar.show(everything);
    },
  });
}

startPage(JSON.parse(document.getElementById('data')?.textContent ?? 'null') as ReportData);
