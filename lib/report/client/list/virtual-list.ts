import { style } from '../dom.ts';

export interface VirtualList {
  /** Shows `count` cards from the first, in place of the earlier ones. */
  reset(count: number): void;
  /** Scrolls the card to below the toolbar, and returns it. */
  show(place: number): HTMLElement | undefined;
  /** The index of the first card in view. */
  readonly first: number;
  /** The drawn card of an index. */
  card(place: number): HTMLElement | undefined;
}

export interface VirtualListOptions {
  readonly container: HTMLElement;
  render(place: number): HTMLElement;
  /** The estimated height of a card in pixels, until it is drawn. */
  estimate(place: number): number;
  /** The height of the fixed part at the top of the window. */
  covered(): number;
}

const gap = 20;
/** Pixels above and below the window that are also drawn. */
const ahead = 900;

/** Draws only the cards near the window, at their own heights: tens of cards in the page, for any number of samples. */
export function createVirtualList({ container, render, estimate, covered }: VirtualListOptions): VirtualList {
  let heights: number[] = [];
  let offsets: number[] = [0];
  const drawn = new Map<number, HTMLElement>();
  const resized = new ResizeObserver(() => measure());

  const top = () => -container.getBoundingClientRect().top;
  const placeAt = (offset: number) => {
    let [low, high] = [0, Math.max(0, heights.length - 1)];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((offsets[middle] ?? 0) <= offset) low = middle;
      else high = middle - 1;
    }
    return low;
  };

  function place(): void {
    offsets = [0];
    for (const [index, height] of heights.entries()) offsets.push((offsets[index] ?? 0) + height + gap);
    style(container, { height: `${Math.max(0, (offsets.at(-1) ?? 0) - gap)}px` });
    for (const [index, card] of drawn) style(card, { transform: `translateY(${offsets[index]}px)` });
  }

  /** Applies real heights, and keeps the reader's position. */
  function measure(): void {
    const anchor = placeAt(top() + covered());
    const before = offsets[anchor] ?? 0;
    let changed = false;
    for (const [index, card] of drawn) {
      const height = card.offsetHeight;
      if (height === 0 || Math.abs(height - (heights[index] ?? 0)) < 1) continue;
      heights[index] = height;
      changed = true;
    }
    if (!changed) return;
    place();
    const moved = (offsets[anchor] ?? 0) - before;
    if (moved !== 0 && top() > 0) window.scrollBy(0, moved);
  }

  function draw(): void {
    if (heights.length === 0 || container.classList.contains('printing')) return;
    const from = placeAt(top() - ahead);
    const to = placeAt(top() + window.innerHeight + ahead);
    for (const [index, card] of drawn) if ((index < from || index > to) && !card.contains(document.activeElement)) remove(index, card);
    for (let index = from; index <= to; index++) if (!drawn.has(index)) add(index);
    measure();
  }

  function remove(index: number, card: HTMLElement): void {
    resized.unobserve(card);
    card.remove();
    drawn.delete(index);
  }

  /** Cards are in document order, for the tab key and for screen readers. */
  function add(index: number): void {
    const card = style(render(index), { transform: `translateY(${offsets[index]}px)` });
    const following = [...drawn].filter(([other]) => other > index).sort(([a], [b]) => a - b)[0]?.[1];
    container.insertBefore(card, following ?? null);
    drawn.set(index, card);
    resized.observe(card);
  }

  window.addEventListener('scroll', draw, { passive: true });
  window.addEventListener('resize', draw);
  return {
    reset(count) {
      for (const [index, card] of drawn) remove(index, card);
      heights = Array.from({ length: count }, (_, index) => estimate(index));
      place();
      draw();
    },
    show(index) {
      // real heights are known only after drawing
      for (let round = 0; round < 4; round++) {
        window.scrollTo({ top: window.scrollY - top() + (offsets[index] ?? 0) - covered() - gap / 2, behavior: 'instant' });
        draw();
      }
      return drawn.get(index);
    },
    get first() {
      return placeAt(top() + covered() + gap);
    },
    card: (index) => drawn.get(index),
  };
}
