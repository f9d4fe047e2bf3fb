/** The value of a JSON text; `undefined` for any other text. Recursive code needs `isTooDeep` first. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
