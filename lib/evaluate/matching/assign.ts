/**
 * The one-to-one pairing of rows with columns of the greatest total weight: the column of each row, -1 for a row without one.
 * Kuhn-Munkres by shortest augmenting paths with potentials, O(n² · m). Source: Jonker and Volgenant, Computing 38 (1987).
 */
export function assign(weights: readonly (readonly number[])[]): number[] {
  const rows = weights.length;
  const columns = weights[0]?.length ?? 0;
  if (columns === 0) return weights.map(() => -1);
  if (rows <= columns) return assignRows(rows, columns, (row, column) => -(weights[row]?.[column] ?? 0));
  const rowOf = assignRows(columns, rows, (column, row) => -(weights[row]?.[column] ?? 0));
  const columnOf = weights.map(() => -1);
  for (const [column, row] of rowOf.entries()) columnOf[row] = column;
  return columnOf;
}

/** Least total cost, every row gets a column (rows ≤ columns). Index 0 of the arrays stands for "none", rows and columns count from 1. */
function assignRows(rows: number, columns: number, cost: (row: number, column: number) => number): number[] {
  const rowPotential = new Float64Array(rows + 1);
  const columnPotential = new Float64Array(columns + 1);
  const rowOf = new Int32Array(columns + 1);
  const before = new Int32Array(columns + 1);
  for (let row = 1; row <= rows; row++) {
    rowOf[0] = row;
    let column = 0;
    const slack = new Float64Array(columns + 1).fill(Number.POSITIVE_INFINITY);
    const visited = new Uint8Array(columns + 1);
    do {
      visited[column] = 1;
      const from = rowOf[column] ?? 0;
      let least = Number.POSITIVE_INFINITY;
      let next = 0;
      for (let to = 1; to <= columns; to++) {
        if (visited[to]) continue;
        const reduced = cost(from - 1, to - 1) - (rowPotential[from] ?? 0) - (columnPotential[to] ?? 0);
        if (reduced < (slack[to] ?? 0)) {
          slack[to] = reduced;
          before[to] = column;
        }
        if ((slack[to] ?? 0) < least) {
          least = slack[to] ?? 0;
          next = to;
        }
      }
      for (let to = 0; to <= columns; to++) {
        if (visited[to]) {
          const owner = rowOf[to] ?? 0;
          rowPotential[owner] = (rowPotential[owner] ?? 0) + least;
          columnPotential[to] = (columnPotential[to] ?? 0) - least;
        } else slack[to] = (slack[to] ?? 0) - least;
      }
      column = next;
    } while (rowOf[column] !== 0);
    while (column !== 0) {
      const previous = before[column] ?? 0;
      rowOf[column] = rowOf[previous] ?? 0;
      column = previous;
    }
  }
  const columnOf = new Array<number>(rows).fill(-1);
  for (let column = 1; column <= columns; column++) if (rowOf[column]) columnOf[(rowOf[column] ?? 0) - 1] = column - 1;
  return columnOf;
}
