import { hash } from 'node:crypto';
import { UsageError } from '#core/errors.ts';
import type { Split } from './export-format.ts';

type Splits = readonly [Split, ...Split[]];

/** The only split of an undivided export. */
export const undividedSplit: Splits = [{ name: 'train', share: 1 }];

/** Reads `train=0.9,val=0.1`. Throws `UsageError`. */
export function parseSplits(text: string): Splits {
  const splits = text.split(',').map((part): Split => {
    const [, name, share] = /^\s*([A-Za-z0-9][\w-]*)\s*=\s*(0?\.\d+|[01](?:\.0+)?)\s*$/.exec(part) ?? [];
    if (name === undefined || !(Number(share) > 0)) throw wrongSplit(text, `"${part}" is not NAME=SHARE with a share above 0`);
    return { name, share: Number(share) };
  });
  const names = splits.map(({ name }) => name);
  if (new Set(names).size < names.length) throw wrongSplit(text, 'a name occurs twice');
  const sum = splits.reduce((total, { share }) => total + share, 0);
  if (Math.abs(sum - 1) > 1e-6) throw wrongSplit(text, `the shares add up to ${Number(sum.toFixed(6))}, not to 1`);
  return splits as unknown as Splits;
}

/**
 * The split of an image, by a hash of its path and the seed: all captions of an image are in the same one,
 * and additional lines never move an image.
 */
export function assignSplit(imagePath: string, splits: Splits, seed: number): string {
  const [first, ...others] = splits;
  if (others.length === 0) return first.name;
  const place = Number.parseInt(hash('sha256', `${seed}\n${imagePath}`).slice(0, 12), 16) / 2 ** 48;
  let end = 0;
  for (const { name, share } of splits) {
    end += share;
    if (place < end) return name;
  }
  return splits.at(-1)?.name ?? first.name;
}

function wrongSplit(text: string, problem: string): UsageError {
  return new UsageError(`--split ${text}: ${problem}; write it like --split train=0.9,val=0.1`);
}
