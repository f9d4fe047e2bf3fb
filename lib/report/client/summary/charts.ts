import type { RunFacts, StepRunFacts } from '#results/run-facts.ts';
import type { Totals } from '../../report-data.ts';
import { element, svg } from '../dom.ts';
import { formatCost, formatNumber, formatQuantity } from '../page-format.ts';

const width = 280;
const height = 84;

interface Bar {
  readonly label: string;
  readonly amount: number;
}

/** A small column chart. Its bars show their numbers on hover; its label sums them up for screen readers. */
function columns(title: string, note: string, bars: readonly Bar[], unit: string): HTMLElement {
  const highest = Math.max(1, ...bars.map(({ amount }) => amount));
  const step = width / Math.max(1, bars.length);
  const drawing = svg('svg', {
    viewBox: `0 0 ${width} ${height + 18}`,
    role: 'img',
    'aria-label': `${title}: ${bars.map(({ label, amount }) => `${label}: ${amount}`).join(', ')}`,
  });
  for (const [index, { label, amount }] of bars.entries()) {
    const tall = amount === 0 ? 0 : Math.max(2, (amount / highest) * height);
    drawing.append(
      svg(
        'g',
        { class: 'column' },
        svg('title', {}, `${label}: ${formatQuantity(amount, unit)}`),
        svg('rect', { class: 'reach', x: index * step, y: 0, width: step, height }),
        svg('rect', { class: 'bar', x: index * step + 1.5, y: height - tall, width: Math.max(1, step - 3), height: tall, rx: 2 }),
        index % Math.ceil(bars.length / 8) === 0
          ? svg('text', { x: index * step + step / 2, y: height + 14, 'text-anchor': 'middle' }, label)
          : undefined,
      ),
    );
  }
  drawing.append(svg('line', { class: 'axis', x1: 0, y1: height, x2: width, y2: height }));
  return chartCard(title, note, drawing);
}

function chartCard(title: string, note: string, ...content: (Node | undefined)[]): HTMLElement {
  return element(
    'div',
    { class: 'chart' },
    element('h3', {}, title),
    ...content,
    note === '' ? undefined : element('p', { class: 'note' }, note),
  );
}

/** Labels by index, without the empty bars at the end; the last bin is marked as open. */
function counts(bins: readonly number[]): Bar[] {
  const used = Math.max(4, bins.findLastIndex((amount) => amount > 0) + 1);
  return bins.slice(0, used).map((amount, index) => ({ label: index === bins.length - 1 ? `${index}+` : String(index), amount }));
}

function mean(bins: readonly number[]): string {
  const all = bins.reduce((sum, amount) => sum + amount, 0);
  const sum = bins.reduce((total, amount, index) => total + amount * index, 0);
  return all === 0 ? '' : `${(sum / all).toFixed(1)} on average`;
}

function failuresChart({ failures }: Totals, pick: (code: string) => void): HTMLElement {
  const highest = Math.max(1, ...failures.map((failure) => failure.count));
  const rows = failures.slice(0, 6).map((failure) => {
    const bar = svg(
      'svg',
      { viewBox: '0 0 100 6', preserveAspectRatio: 'none', 'aria-hidden': 'true' },
      svg('rect', { class: 'bar bad', width: (100 * failure.count) / highest, height: 6 }),
    );
    const row = element(
      'button',
      { type: 'button', class: 'failure-row', title: 'Show these samples' },
      element('span', {}, failure.code),
      element('b', {}, formatNumber(failure.count)),
      bar,
    );
    row.addEventListener('click', () => pick(failure.code));
    return row;
  });
  const content = rows.length === 0 ? element('p', { class: 'good' }, 'No sample failed.') : element('div', { class: 'rows' }, ...rows);
  return chartCard('Failures by code', failures.length > 6 ? `and ${failures.length - 6} more codes` : '', content);
}

function costChart({ steps, costUsd }: RunFacts): HTMLElement | undefined {
  if (steps.length === 0) return undefined;
  const tokens = ({ inputTokens = 0, outputTokens = 0 }: StepRunFacts) =>
    `${formatNumber(inputTokens)} in · ${formatNumber(outputTokens)} out`;
  const rows = steps.map((step) =>
    element(
      'div',
      { class: 'cost-row' },
      element('span', {}, step.name.replaceAll('_', ' ')),
      element('b', {}, step.costUsd === undefined ? '–' : formatCost(step.costUsd)),
      element(
        'small',
        {},
        [step.calls === undefined ? '' : formatQuantity(step.calls, 'call'), step.inputTokens === undefined ? '' : tokens(step)]
          .filter(Boolean)
          .join(' · '),
      ),
    ),
  );
  return chartCard(
    'Cost by step',
    costUsd === undefined ? '' : `${formatCost(costUsd)} in this run`,
    element('div', { class: 'rows' }, ...rows),
  );
}

/** Counts and costs of the run; `pickFailure` gets a clicked failure code. */
export function renderCharts(totals: Totals, run: RunFacts, pickFailure: (code: string) => void): HTMLDetailsElement {
  const bins = totals.scores.map((amount, index) => ({ label: index === 0 ? '0' : `.${index}`, amount }));
  const cards = [
    columns('Expressions per sample', mean(totals.phrasesPerSample), counts(totals.phrasesPerSample), 'sample'),
    columns('Boxes per expression', mean(totals.boxesPerPhrase), counts(totals.boxesPerPhrase), 'expression'),
    columns(
      'Scores',
      totals.unscored > 0 ? `${formatQuantity(totals.unscored, 'box', 'boxes')} without a score` : 'box scores, in tenths',
      bins,
      'box',
    ),
    failuresChart(totals, pickFailure),
    costChart(run),
  ];
  return element('details', { class: 'charts' }, element('summary', {}, 'Charts'), element('div', { class: 'chart-grid' }, ...cards));
}
