/** A copy of a column of numbers, twice as long. */
export function grow<T extends Float64Array | Uint32Array | Int32Array | Uint16Array>(column: T): T {
  const longer = new (column.constructor as new (length: number) => T)(column.length * 2);
  longer.set(column);
  return longer;
}
