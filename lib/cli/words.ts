/** Numbers as people read them. */
export const count = (value: number) => value.toLocaleString('en');

/** `1 line`, `2 lines`. */
export const counted = (value: number, noun: string) => `${count(value)} ${noun}${value === 1 ? '' : 's'}`;

/** Dollars with the digits that matter at their size; an unknown price is said to be unknown. */
export function dollars(usd: number | undefined): string {
  if (usd === undefined) return 'unknown';
  if (usd === 0) return '$0';
  return `$${usd < 1 ? usd.toPrecision(2) : usd.toLocaleString('en', { minimumFractionDigits: 2, maximumFractionDigits: 2 })}`;
}

export function duration(seconds: number): string {
  if (!Number.isFinite(seconds)) return 'unknown';
  if (seconds < 90) return `${Math.max(0, Math.round(seconds))} s`;
  if (seconds < 90 * 60) return `${Math.round(seconds / 60)} min`;
  return `${(seconds / 3600).toLocaleString('en', { maximumFractionDigits: 1 })} h`;
}

/** An argument as a shell takes it. */
export const shellWord = (argument: string) => (/^[\w@%+=:,./…-]+$/.test(argument) ? argument : `'${argument.replaceAll("'", `'\\''`)}'`);
