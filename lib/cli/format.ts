/** A number with thousands separators: `1,234`. */
export const formatCount = (value: number) => value.toLocaleString('en');

/** `1 line`, `2 lines`. */
export const formatCounted = (value: number, noun: string) => `${formatCount(value)} ${noun}${value === 1 ? '' : 's'}`;

/** Dollars with two significant digits below $1 and cents above; `undefined` gives `unknown`. */
export function formatDollars(usd: number | undefined): string {
  if (usd === undefined) return 'unknown';
  if (usd === 0) return '$0';
  return `$${usd < 1 ? usd.toPrecision(2) : usd.toLocaleString('en', { minimumFractionDigits: 2, maximumFractionDigits: 2 })}`;
}

/** `42 s`, `12 min`, `3.5 h`; a time that is not finite gives `unknown`. */
export function formatDuration(seconds: number): string {
  if (!Number.isFinite(seconds)) return 'unknown';
  if (seconds < 90) return `${Math.max(0, Math.round(seconds))} s`;
  if (seconds < 90 * 60) return `${Math.round(seconds / 60)} min`;
  return `${(seconds / 3600).toLocaleString('en', { maximumFractionDigits: 1 })} h`;
}

/** An argument quoted for a POSIX shell, if it needs quotes. */
export const quoteShellArgument = (argument: string) =>
  /^[\w@%+=:,./…-]+$/.test(argument) ? argument : `'${argument.replaceAll("'", `'\\''`)}'`;
