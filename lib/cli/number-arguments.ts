import { InvalidArgumentError } from 'commander';

/** A parser of integer arguments, at least `min` where one is given. Throws commander's `InvalidArgumentError`. */
export function parseIntegerFrom(min = Number.MIN_SAFE_INTEGER): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^-?\d{1,15}$/.test(text) && value >= min) return value;
    throw new InvalidArgumentError(min === Number.MIN_SAFE_INTEGER ? 'expected an integer' : `expected an integer ≥ ${min}`);
  };
}

/** A number from 0 to 1. Throws commander's `InvalidArgumentError`. */
export function parseShare(text: string): number {
  const value = Number(text);
  if (text.trim() !== '' && value >= 0 && value <= 1) return value;
  throw new InvalidArgumentError('expected a number from 0 to 1');
}
