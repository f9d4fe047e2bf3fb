import type { RunFacts } from '#results/run-facts.ts';
import type { Outcome, ReportData, Totals } from '../../report-data.ts';
import { element, svg } from '../dom.ts';
import { formatCost, formatNumber, formatPercent, outcomeLabels } from '../page-format.ts';

/** Name, key figures and outcomes of the phrases. */
export function renderMasthead({ title, run, totals, notices }: ReportData): HTMLElement {
  return element(
    'header',
    { class: 'masthead' },
    element('div', { class: 'brand' }, mark(), element('span', {}, 'Groundline')),
    element('h1', { dir: 'auto' }, title),
    element('p', { class: 'run' }, ...describeRun(run).map((word) => element('span', {}, word))),
    figures(totals, run),
    outcomes(totals),
    ...notices.map((notice) => element('p', { class: 'notice', role: 'note' }, notice)),
  );
}

/** Corners of a box standing on a line. */
function mark(): SVGElement {
  return svg(
    'svg',
    { viewBox: '0 0 24 24', class: 'logo', 'aria-hidden': 'true' },
    svg('path', { d: 'M4 8V4h4M16 4h4v4M20 12v4h-4M8 16H4v-4', class: 'corners' }),
    svg('path', { d: 'M3 21h18', class: 'ground' }),
  );
}

function describeRun({ steps, finished, started, runId, version }: RunFacts): string[] {
  const models = [...new Set(steps.flatMap(({ model }) => model ?? []))].join(' + ');
  const when = finished ?? started;
  const date =
    when === undefined || Number.isNaN(Date.parse(when))
      ? ''
      : new Date(when).toLocaleString('en', { dateStyle: 'long', timeStyle: 'short' });
  return [models, date, version ? `Groundline ${version}` : '', runId ?? ''].filter((word) => word !== '');
}

function figures({ samples, phrases, boxes }: Totals, { costUsd, costOfAllUsd }: RunFacts): HTMLElement {
  const asked = phrases.found + phrases.absent + phrases.dropped + phrases.unanswered;
  const all = asked + phrases.not_grounded;
  const list = [
    ['Samples', formatNumber(samples.ok + samples.partial + samples.failed)],
    ['Phrases', formatNumber(all)],
    ['Boxes', formatNumber(boxes)],
    ['Phrases with a box', formatPercent(phrases.found, asked)],
    ['Failed', formatNumber(samples.failed)],
    ...(samples.partial > 0 ? [['Partial', formatNumber(samples.partial)]] : []),
    ...(costUsd === undefined ? [] : [['Cost', formatCost(costUsd)]]),
    ...(costOfAllUsd === undefined || costOfAllUsd <= (costUsd ?? 0) ? [] : [['Cost of all runs here', formatCost(costOfAllUsd)]]),
  ] as const;
  return element(
    'dl',
    { class: 'figures' },
    ...list.map(([name = '', value = '']) =>
      element('div', { class: name === 'Failed' && value !== '0' ? 'bad' : '' }, element('dt', {}, name), element('dd', {}, value)),
    ),
  );
}

const shownOutcomes: readonly Outcome[] = ['found', 'absent', 'dropped', 'unanswered', 'not_grounded'];

/** One bar of all phrases, with its legend. */
function outcomes({ phrases }: Totals): HTMLElement {
  const present = shownOutcomes.filter((outcome) => phrases[outcome] > 0);
  const all = present.reduce((sum, outcome) => sum + phrases[outcome], 0);
  let from = 0;
  const bar = svg('svg', { class: 'outcome-bar', viewBox: '0 0 100 1', preserveAspectRatio: 'none', 'aria-hidden': 'true' });
  for (const outcome of present) {
    const share = (100 * phrases[outcome]) / all;
    bar.append(svg('rect', { class: outcome, x: from, y: 0, width: share, height: 1 }));
    from += share;
  }
  const legend = present.map((outcome) =>
    element('li', { class: outcome }, `${outcomeLabels[outcome].name} `, element('b', {}, formatNumber(phrases[outcome]))),
  );
  return element('div', { class: 'outcomes' }, bar, element('ul', { 'aria-label': 'Phrases by outcome' }, ...legend));
}
