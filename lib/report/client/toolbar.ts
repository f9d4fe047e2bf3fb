import type { ReportData, SampleStatus } from '../report-data.ts';
import { element } from './dom.ts';
import { formatNumber, formatQuantity } from './page-format.ts';
import { everything, manyBoxes, type Order, type View } from './view.ts';

export interface Toolbar {
  readonly element: HTMLElement;
  readonly search: HTMLInputElement;
  /** Sets the controls to a view, as a reader would. */
  show(view: View): void;
  /** Shows the number of samples in the view. */
  report(shown: number, total: number): void;
}

const orders: readonly (readonly [Order, string])[] = [
  ['input', 'Input order'],
  ['errors', 'Failures first'],
  ['score', 'Lowest score first'],
  ['phrases', 'Most phrases first'],
  ['boxes', 'Most boxes first'],
];

/** Search, filters and order; `change` gets every new view, `help` is called for the list of keys. */
export function createToolbar(data: ReportData, change: (view: View) => void, help: () => void): Toolbar {
  let view = everything;
  const update = (part: Partial<View>) => {
    view = { ...view, ...part };
    change(view);
  };
  const search = element('input', {
    type: 'search',
    placeholder: 'Search captions, phrases, files, errors',
    'aria-label': 'Search',
    autocomplete: 'off',
    spellcheck: 'false',
  });
  search.addEventListener('input', () => update({ query: search.value }));
  const status = statusChoice(data, (value) => update({ status: value }));
  const noBox = toggle('No box', 'Samples without a single box', (on) => update({ noBox: on }));
  const absent = toggle('Absent', 'Samples with a phrase that the model called not visible', (on) => update({ absent: on }));
  const many = toggle('Many boxes', `Samples with a phrase of ${manyBoxes} boxes or more`, (on) => update({ many: on }));
  const score = scoreSlider((maxScore) => update({ maxScore }));
  const order = orderChoice(data, (value) => update({ order: value }));
  const result = element('p', { class: 'result', role: 'status', 'aria-live': 'polite' });
  const keys = element('button', { type: 'button', class: 'keys', 'aria-label': 'Keyboard help', title: 'Keyboard help' }, '?');
  keys.addEventListener('click', help);

  return {
    element: element(
      'section',
      { class: 'toolbar', 'aria-label': 'Search and filters' },
      element('div', { class: 'find' }, search, element('kbd', { 'aria-hidden': 'true' }, '/')),
      status.element,
      element('div', { class: 'chips' }, noBox.element, absent.element, many.element),
      score.element,
      order.element,
      result,
      keys,
    ),
    search,
    show(next) {
      view = next;
      search.value = next.query;
      status.set(next.status);
      noBox.set(next.noBox);
      absent.set(next.absent);
      many.set(next.many);
      score.set(next.maxScore);
      order.set(next.order);
      change(view);
    },
    report(shown, total) {
      result.textContent =
        shown === total ? formatQuantity(total, 'sample') : `${formatNumber(shown)} of ${formatQuantity(total, 'sample')}`;
    },
  };
}

function statusChoice({ samples }: ReportData, pick: (status: SampleStatus | 'all') => void) {
  const choices = new Map<SampleStatus | 'all', HTMLInputElement>();
  const group = element('div', { class: 'segmented', role: 'radiogroup', 'aria-label': 'Status' });
  for (const value of ['all', 'ok', 'partial', 'failed'] as const) {
    const input = element('input', { type: 'radio', name: 'status', value, checked: value === 'all' });
    input.addEventListener('change', () => pick(value));
    choices.set(value, input);
    const amount = value === 'all' ? samples.length : samples.filter(({ status }) => status === value).length;
    group.append(element('label', {}, input, element('span', {}, value === 'all' ? 'All' : value, element('b', {}, formatNumber(amount)))));
  }
  return {
    element: group,
    set(value: SampleStatus | 'all') {
      const input = choices.get(value);
      if (input) input.checked = true;
    },
  };
}

function toggle(name: string, title: string, flip: (on: boolean) => void) {
  const button = element('button', { type: 'button', class: 'chip', 'aria-pressed': 'false', title }, name);
  const set = (on: boolean) => button.setAttribute('aria-pressed', String(on));
  button.addEventListener('click', () => {
    const on = button.getAttribute('aria-pressed') !== 'true';
    set(on);
    flip(on);
  });
  return { element: button, set };
}

function scoreSlider(pick: (maxScore: number) => void) {
  const input = element('input', {
    type: 'range',
    min: 0,
    max: 1,
    step: 0.05,
    value: 1,
    'aria-label': 'Samples with a box scored at most',
  });
  const output = element('output', {}, 'any');
  const announce = () => {
    output.textContent = input.valueAsNumber >= 1 ? 'any' : `≤ ${input.valueAsNumber.toFixed(2)}`;
    input.setAttribute('aria-valuetext', output.textContent);
  };
  input.addEventListener('input', () => {
    announce();
    pick(input.valueAsNumber);
  });
  return {
    element: element('label', { class: 'slider' }, element('span', {}, 'Score'), input, output),
    set(value: number) {
      input.value = String(value);
      announce();
    },
  };
}

function orderChoice({ evaluation }: ReportData, pick: (order: Order) => void) {
  const select = element('select', { 'aria-label': 'Order' });
  for (const [value, name] of [...orders, ...(evaluation ? ([['iou', 'Worst IoU first']] as const) : [])])
    select.append(element('option', { value }, name));
  select.addEventListener('change', () => pick(select.value as Order));
  return {
    element: select,
    set(value: Order) {
      select.value = value;
    },
  };
}
