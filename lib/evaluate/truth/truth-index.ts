import { grow } from '../figures/grow.ts';

/** The place of a line in the truth file. */
export interface LinePlace {
  /** 0-based, blank lines not counted. */
  readonly number: number;
  readonly offset: number;
  readonly length: number;
}

/** Places of lines by the hash of their join key. */
export interface TruthIndex {
  add(hash: number, place: LinePlace): void;
  /** Removes and returns the first accepted line of this hash, in order of addition. */
  remove<T>(hash: number, accept: (place: LinePlace) => T | undefined): T | undefined;
}

const NONE = -1;

/** A hash table with chains, in typed arrays: 32 bytes per line. It grows, and needs the least memory if `expected` is about right. */
export function createTruthIndex(expected = 1024): TruthIndex {
  let heads = new Int32Array(expected).fill(NONE);
  let hashes = new Float64Array(expected);
  let offsets = new Float64Array(expected);
  let lengths = new Uint32Array(expected);
  let numbers = new Uint32Array(expected);
  let next = new Int32Array(expected);
  let entries = 0;

  const slotOf = (hash: number) => hash % heads.length;
  const growAll = () => {
    hashes = grow(hashes);
    offsets = grow(offsets);
    lengths = grow(lengths);
    numbers = grow(numbers);
    next = grow(next);
    heads = new Int32Array(hashes.length).fill(NONE);
    for (let entry = entries - 1; entry >= 0; entry--) link(entry);
  };
  /** Entries are linked from the last to the first, so that a chain begins with the first. */
  const link = (entry: number) => {
    if (lengths[entry] === 0) return;
    const slot = slotOf(hashes[entry] ?? 0);
    next[entry] = heads[slot] ?? NONE;
    heads[slot] = entry;
  };
  const append = (entry: number) => {
    const slot = slotOf(hashes[entry] ?? 0);
    next[entry] = NONE;
    let last = heads[slot] ?? NONE;
    if (last === NONE) heads[slot] = entry;
    else {
      while (next[last] !== NONE) last = next[last] ?? NONE;
      next[last] = entry;
    }
  };

  return {
    add(hash, { number, offset, length }) {
      if (entries === hashes.length) growAll();
      hashes[entries] = hash;
      offsets[entries] = offset;
      lengths[entries] = length;
      numbers[entries] = number;
      append(entries++);
    },
    remove(hash, accept) {
      const slot = slotOf(hash);
      let before = NONE;
      for (let entry = heads[slot] ?? NONE; entry !== NONE; before = entry, entry = next[entry] ?? NONE) {
        if (hashes[entry] !== hash) continue;
        const accepted = accept({ number: numbers[entry] ?? 0, offset: offsets[entry] ?? 0, length: lengths[entry] ?? 0 });
        if (accepted === undefined) continue;
        if (before === NONE) heads[slot] = next[entry] ?? NONE;
        else next[before] = next[entry] ?? NONE;
        lengths[entry] = 0;
        return accepted;
      }
      return undefined;
    },
  };
}
