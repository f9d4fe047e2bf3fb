/** The nesting limit of JSON values. Real lines and answers have about ten levels; recursive code overflows the stack at some thousands. */
export const MAX_JSON_DEPTH = 500;

/** Whether a JSON text nests lists and objects deeper than `MAX_JSON_DEPTH`. Brackets inside strings do not count. */
export function isTooDeep(text: string): boolean {
  if (text.length < 2 * MAX_JSON_DEPTH) return false; // every level has two characters
  let depth = 0;
  let inString = false;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (inString) {
      if (code === BACKSLASH) at++;
      else if (code === QUOTE) inString = false;
    } else if (code === QUOTE) inString = true;
    else if (code === OPEN_LIST || code === OPEN_OBJECT) {
      if (++depth > MAX_JSON_DEPTH) return true;
    } else if (code === CLOSE_LIST || code === CLOSE_OBJECT) depth--;
  }
  return false;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN_LIST = 0x5b;
const CLOSE_LIST = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
