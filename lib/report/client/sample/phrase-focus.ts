/** The card or close-up around an element, and the element's phrase. */
function phraseAt(target: EventTarget | null): { scope: HTMLElement; phrase: string } | undefined {
  const part = target instanceof Element ? target.closest('[data-phrase]') : null;
  const scope = part?.closest<HTMLElement>('article, dialog');
  const phrase = part?.getAttribute('data-phrase');
  return scope && phrase ? { scope, phrase } : undefined;
}

/** Highlights every part of a phrase in a card and dims the rest; `undefined` shows the pinned phrase, or all equally. */
function light(scope: HTMLElement, phrase: string | undefined): void {
  const shown = phrase ?? scope.dataset.pinned;
  scope.classList.toggle('focusing', shown !== undefined);
  for (const part of scope.querySelectorAll('[data-in]')) {
    const of = (part.getAttribute('data-in') ?? '').split(' ');
    part.classList.toggle('lit', shown !== undefined && of.includes(shown));
  }
}

/** Pins a phrase in its card, or unpins a pinned one. */
export function togglePin(scope: HTMLElement, phrase: string): void {
  if (scope.querySelector(`[data-phrase="${phrase}"]`) === null) return;
  if (scope.dataset.pinned === phrase) delete scope.dataset.pinned;
  else scope.dataset.pinned = phrase;
  for (const button of scope.querySelectorAll('.phrase'))
    button.setAttribute('aria-pressed', String(button.getAttribute('data-phrase') === scope.dataset.pinned));
  light(scope, undefined);
}

/** Unpins everything in a card. */
export function unpin(scope: HTMLElement): boolean {
  const pinned = scope.dataset.pinned;
  if (pinned === undefined) return false;
  togglePin(scope, pinned);
  return true;
}

/** Connects phrases, marks and boxes below `root`: hover and focus highlight them, a click pins. */
export function tiePhrases(root: HTMLElement): void {
  const enter = (event: Event) => {
    const at = phraseAt(event.target);
    if (at) light(at.scope, at.phrase);
  };
  const leave = (event: Event) => {
    const at = phraseAt(event.target);
    if (at) light(at.scope, undefined);
  };
  root.addEventListener('pointerover', enter);
  root.addEventListener('pointerout', leave);
  root.addEventListener('focusin', enter);
  root.addEventListener('focusout', leave);
  root.addEventListener('click', (event) => {
    const at = phraseAt(event.target);
    if (at) togglePin(at.scope, at.phrase);
  });
}
