/** Why a key cannot be sent in a header, by kind and position, never by its characters; `undefined` for a valid key. */
export function describeKeyFault(key: string): string | undefined {
  const at = key.search(/[^\x21-\x7e]/);
  if (at < 0) return undefined;
  return `${kindOf(key.codePointAt(at) ?? 0)} at character ${at + 1}`;
}

const NAMES: Readonly<Record<number, string>> = { 9: 'a tab', 10: 'a line break', 13: 'a line break', 32: 'a space', 160: 'a space' };

function kindOf(code: number): string {
  const name = NAMES[code];
  if (name !== undefined) return name;
  if (code < 32 || code === 127) return 'a control character';
  const shown = `U+${code.toString(16).toUpperCase().padStart(4, '0')}`;
  return code >= 0x2010 && code <= 0x2015 ? `a typographic dash (${shown})` : `a non-ASCII character (${shown})`;
}
