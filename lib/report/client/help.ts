import { element } from './dom.ts';

const keys = [
  ['→ or n', 'next sample'],
  ['← or p', 'previous sample'],
  ['z or Enter', 'enlarge the sample, and back'],
  ['+ − 0', 'zoom in the close-up'],
  ['1 … 9', 'pin a phrase of the sample'],
  ['/', 'search'],
  ['Esc', 'let go: phrase, close-up, search'],
  ['?', 'this help'],
] as const;

/** The keys, as a dialog. */
export function createHelp(): HTMLDialogElement {
  const rows = keys.map(([key, does]) => element('div', {}, element('dt', {}, element('kbd', {}, key)), element('dd', {}, does)));
  const close = element('button', { type: 'button', class: 'chip' }, 'Close');
  const dialog = element(
    'dialog',
    { class: 'help', 'aria-label': 'Keyboard help' },
    element('h2', {}, 'Keyboard'),
    element('dl', {}, ...rows),
    close,
  );
  close.addEventListener('click', () => dialog.close());
  return dialog;
}
