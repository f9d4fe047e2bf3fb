export interface KeyActions {
  step(by: number): void;
  enlarge(): void;
  zoom(factor: number): void;
  pin(phrase: number): void;
  search(): void;
  help(): void;
  letGo(): void;
}

/** Keys of the page, except inside fields and controls. */
export function listenToKeys(actions: KeyActions): void {
  document.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    const typing = event.target instanceof HTMLElement && event.target.matches('input, select, textarea');
    if (typing && event.key !== 'Escape') return;
    const act = findAction(event, actions);
    if (!act) return;
    event.preventDefault();
    act();
  });
}

function findAction({ key, target }: KeyboardEvent, actions: KeyActions): (() => void) | undefined {
  const onControl = target instanceof HTMLElement && target.matches('button, a, summary');
  if (key >= '1' && key <= '9') return () => actions.pin(Number(key) - 1);
  switch (key) {
    case 'ArrowRight':
    case 'n':
      return () => actions.step(1);
    case 'ArrowLeft':
    case 'p':
      return () => actions.step(-1);
    case 'Enter':
      return onControl ? undefined : () => actions.enlarge();
    case 'z':
      return () => actions.enlarge();
    case '+':
      return () => actions.zoom(1.5);
    case '-':
      return () => actions.zoom(1 / 1.5);
    case '0':
      return () => actions.zoom(0);
    case '/':
      return () => actions.search();
    case '?':
      return () => actions.help();
    case 'Escape':
      return document.querySelector('dialog[open]') ? undefined : () => actions.letGo();
    default:
      return undefined;
  }
}
