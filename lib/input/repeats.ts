/** Counts the occurrences of sample ids, in a few bytes per line. */
export interface Repeats {
  /** Returns 0 for the first occurrence, k for the k-th repeat. */
  next(sampleId: string): number;
  /** The counts so far, as the argument of `createRepeats` that continues them. */
  save(): Uint8Array;
}

/**
 * An open-addressed table of 64-bit hashes in typed arrays: 12 bytes a slot, at most 3/4 full, so 1,000,000 lines take about 24 MB.
 * Half of a key consists of hex digits of the id's own sha256. Two ids share a slot less than once in 10^7 runs of that size.
 */
export function createRepeats(saved?: Uint8Array): Repeats {
  let capacity = 1024;
  let used = 0;
  let high = new Uint32Array(capacity);
  let low = new Uint32Array(capacity);
  let counts = new Uint32Array(capacity);

  const slotOf = (h: number, l: number): number => {
    let slot = (h ^ l) & (capacity - 1);
    while (counts[slot] !== 0 && (high[slot] !== h || low[slot] !== l)) slot = (slot + 1) & (capacity - 1);
    return slot;
  };

  const grow = () => {
    const old = { high, low, counts, capacity };
    capacity *= 2;
    high = new Uint32Array(capacity);
    low = new Uint32Array(capacity);
    counts = new Uint32Array(capacity);
    for (let i = 0; i < old.capacity; i++) {
      const count = old.counts[i] ?? 0;
      if (count > 0) put(old.high[i] ?? 0, old.low[i] ?? 0, count);
    }
  };

  const put = (h: number, l: number, count: number) => {
    const slot = slotOf(h, l);
    high[slot] = h;
    low[slot] = l;
    counts[slot] = count;
  };

  if (saved) restore(saved);

  function restore(bytes: Uint8Array): void {
    const words = new Uint32Array(bytes.slice().buffer);
    capacity = words.length / 3;
    high = words.slice(0, capacity);
    low = words.slice(capacity, 2 * capacity);
    counts = words.slice(2 * capacity);
    used = counts.reduce((sum, count) => sum + (count > 0 ? 1 : 0), 0);
  }

  return {
    save() {
      const words = new Uint32Array(3 * capacity);
      words.set(high);
      words.set(low, capacity);
      words.set(counts, 2 * capacity);
      return new Uint8Array(words.buffer);
    },
    next(sampleId) {
      if (used * 4 >= capacity * 3) grow();
      const h = Number.parseInt(sampleId.slice(-8), 16) >>> 0;
      const l = (Number.parseInt(sampleId.slice(-16, -8), 16) ^ fnv1a(sampleId)) >>> 0;
      const slot = slotOf(h, l);
      const seen = counts[slot] ?? 0;
      if (seen === 0) used++;
      put(h, l, seen + 1);
      return seen;
    },
  };
}

/** FNV-1a, 32 bits. Source: draft-eastlake-fnv. */
function fnv1a(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}
