import type { ReportEvaluation, ReportedWorstSample } from '#results/evaluation-summary.ts';
import { element } from '../dom.ts';
import { formatScore } from '../page-format.ts';

/** Figures of an evaluation and its worst samples; `pick` gets the chosen one. */
export function renderEvaluation({ truth, figures, worst }: ReportEvaluation, pick: (worst: ReportedWorstSample) => void): HTMLElement {
  const rows = figures.map(({ name, value, low, high, note }) =>
    element(
      'tr',
      {},
      element('th', { scope: 'row' }, name),
      element('td', {}, typeof value === 'number' ? figure(value) : value),
      element('td', {}, low === undefined || high === undefined ? '' : `${figure(low)} – ${figure(high)}`),
      element('td', {}, note ?? ''),
    ),
  );
  const head = element(
    'thead',
    {},
    element('tr', {}, ...['Figure', 'Value', '95 % interval', 'Note'].map((name) => element('th', { scope: 'col' }, name))),
  );
  const list = worst.map((one) => {
    const button = element(
      'button',
      { type: 'button' },
      element('b', {}, `IoU ${formatScore(one.iou)}`),
      element('span', { dir: 'auto' }, one.expression ?? one.id ?? one.path ?? `line ${one.line}`),
    );
    button.addEventListener('click', () => pick(one));
    return element('li', {}, button);
  });
  const table = element(
    'div',
    { class: 'table', tabindex: '0', role: 'region', 'aria-label': 'Figures' },
    element('table', {}, head, element('tbody', {}, ...rows)),
  );
  return element(
    'section',
    { class: 'evaluation', 'aria-labelledby': 'evaluation-title' },
    element('h2', { id: 'evaluation-title' }, truth === undefined ? 'Evaluation' : `Evaluation against ${truth}`),
    table,
    worst.length === 0 ? undefined : element('h3', {}, 'Worst samples first'),
    worst.length === 0 ? undefined : element('ol', { class: 'worst' }, ...list),
  );
}

function figure(value: number): string {
  return Number.isInteger(value) && Math.abs(value) > 1 ? value.toLocaleString('en') : value.toFixed(3);
}
