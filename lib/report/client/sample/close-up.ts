import type { ReportedWorstSample } from '#results/evaluation-summary.ts';
import type { ReportSample } from '../../report-data.ts';
import { element, style } from '../dom.ts';
import { unpin } from './phrase-focus.ts';
import { sampleParts } from './sample-card.ts';

export interface CloseUp {
  readonly element: HTMLDialogElement;
  open(sample: ReportSample, worst: ReportedWorstSample | undefined): void;
  /** Scales the picture within its half; 1 fits it. */
  zoom(factor: number): void;
}

const mostZoom = 6;

/** One sample as large as the window; `step` gets −1 or +1 when the reader changes the sample. */
export function createCloseUp(step: (by: number) => void): CloseUp {
  const content = element('div', { class: 'close-up-content' });
  const button = (label: string, sign: string, act: () => void) => {
    const made = element('button', { type: 'button', 'aria-label': label, title: label }, sign);
    made.addEventListener('click', act);
    return made;
  };
  let scale = 1;
  const zoom = (factor: number) => {
    scale = factor === 0 ? 1 : Math.min(mostZoom, Math.max(1, scale * factor));
    style(dialog, { '--zoom': String(scale) });
  };
  const tools = element(
    'div',
    { class: 'close-up-tools', role: 'toolbar', 'aria-label': 'Close-up' },
    button('Previous sample', '←', () => step(-1)),
    button('Next sample', '→', () => step(1)),
    button('Zoom out', '−', () => zoom(1 / 1.5)),
    button('Zoom in', '+', () => zoom(1.5)),
    button('Close', '✕', () => dialog.close()),
  );
  const dialog = element('dialog', { class: 'close-up', tabindex: '-1', 'aria-label': 'Sample close-up' }, content, tools);
  // the first Escape unpins a phrase, the next one closes
  dialog.addEventListener('cancel', (event) => {
    if (unpin(dialog)) event.preventDefault();
  });
  return {
    element: dialog,
    open(sample, worst) {
      delete dialog.dataset.pinned;
      dialog.classList.remove('focusing');
      zoom(0);
      content.replaceChildren(...sampleParts(sample, { full: true, ...(worst ? { worst } : {}) }));
      if (!dialog.open) dialog.showModal();
      // otherwise the first phrase would get the focus and its highlight
      dialog.focus();
    },
    zoom,
  };
}
