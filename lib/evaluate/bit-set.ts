/** A set of small integers, one bit each. */
export interface BitSet {
  add(value: number): void;
  has(value: number): boolean;
  readonly size: number;
}

export function createBitSet(): BitSet {
  let bits = new Uint8Array(1024);
  let size = 0;
  const has = (value: number) => (((bits[value >> 3] ?? 0) >> (value & 7)) & 1) === 1;
  return {
    add(value) {
      if (has(value)) return;
      if (value >> 3 >= bits.length) {
        const grown = new Uint8Array(Math.max(bits.length * 2, (value >> 3) + 1));
        grown.set(bits);
        bits = grown;
      }
      bits[value >> 3] = (bits[value >> 3] ?? 0) | (1 << (value & 7));
      size++;
    },
    has,
    get size() {
      return size;
    },
  };
}
