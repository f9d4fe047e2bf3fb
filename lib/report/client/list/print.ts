/** The limit of printed samples: all of a large run would need minutes in a browser. */
export const mostPrinted = 200;

/** Lays out plain cards for the printer, since the list draws only the cards in view; afterwards the list draws itself again. */
export function printCards(container: HTMLElement, draw: (most: number) => readonly HTMLElement[], restore: () => void): void {
  const before = () => {
    if (container.classList.contains('printing')) return;
    container.classList.add('printing');
    container.style.removeProperty('height');
    container.replaceChildren(...draw(mostPrinted));
  };
  const after = () => {
    if (!container.classList.contains('printing')) return;
    container.classList.remove('printing');
    container.replaceChildren();
    restore();
  };
  window.addEventListener('beforeprint', before);
  window.addEventListener('afterprint', after);
  // print previews without events still match the medium
  matchMedia('print').addEventListener('change', ({ matches }) => (matches ? before() : after()));
}
