import { hash } from 'node:crypto';

/** Numbers texts by first appearance. */
export interface PathIndex {
  /** The number of a text, from 0 on, and whether the text is new. */
  add(text: string): { readonly number: number; readonly isNew: boolean };
  readonly size: number;
}

const WORDS = 3;

/** Keeps 96 bits of each text's sha256 instead of the text. A million paths need 30 MB; the odds of a collision are 1 in 10^17. */
export function createPathIndex(): PathIndex {
  let capacity = 1024;
  let keys = new Uint32Array(capacity * WORDS);
  let numbers = new Uint32Array(capacity);
  let size = 0;

  function slotOf(a: number, b: number, c: number): number {
    for (let slot = a & (capacity - 1); ; slot = (slot + 1) & (capacity - 1)) {
      const at = slot * WORDS;
      if (numbers[slot] === 0 || (keys[at] === a && keys[at + 1] === b && keys[at + 2] === c)) return slot;
    }
  }

  function put(slot: number, key: readonly [number, number, number], number: number): void {
    keys.set(key, slot * WORDS);
    numbers[slot] = number;
  }

  function grow(): void {
    const [oldKeys, oldNumbers] = [keys, numbers];
    capacity *= 2;
    keys = new Uint32Array(capacity * WORDS);
    numbers = new Uint32Array(capacity);
    for (const [slot, number] of oldNumbers.entries()) {
      if (number === 0) continue;
      const [a = 0, b = 0, c = 0] = oldKeys.subarray(slot * WORDS, (slot + 1) * WORDS);
      put(slotOf(a, b, c), [a, b, c], number);
    }
  }

  return {
    get size() {
      return size;
    },
    add(text) {
      if (size * 2 >= capacity) grow();
      const digest = hash('sha256', text, 'binary');
      const key = [wordAt(digest, 0), wordAt(digest, 4), wordAt(digest, 8)] as const;
      const slot = slotOf(...key);
      const known = numbers[slot] ?? 0;
      if (known > 0) return { number: known - 1, isNew: false };
      size++;
      put(slot, key, size);
      return { number: size - 1, isNew: true };
    },
  };
}

/** Four characters of a digest as an unsigned number. Strings, unlike buffers, use no memory outside the heap. */
function wordAt(digest: string, at: number): number {
  const byte = (offset: number) => digest.charCodeAt(at + offset);
  return (byte(0) | (byte(1) << 8) | (byte(2) << 16) | (byte(3) << 24)) >>> 0;
}
