/** Attempts since the pace last changed, counted by outcome. `since` is the time of the first one. */
export interface Window {
  /** Distinguishes windows: an attempt counts only in the window in which it started. */
  readonly id: number;
  readonly since: number;
  readonly sent: number;
  readonly delivered: number;
  readonly refused: number;
  readonly late: LateAttempts;
}

/** The attempts of a window that started after its first refusal. By then the server has no reserve left and delivers its limit. */
export interface LateAttempts {
  readonly since: number;
  readonly until: number;
  readonly sent: number;
  readonly refused: number;
}

/** The measurement of one cut of the pace. */
export interface CutTest {
  /** The refused share before the cut, and the number of attempts behind that share. */
  readonly share: number;
  readonly sent: number;
  /** Attempts after the cut that make the two shares comparable. */
  readonly length: number;
  /** The pace to return to when the cut turns out useless. */
  readonly restore: number;
}

/** `helped`: almost no refusals remain. `same`: the share did not change. `different`: a third value, so the cut was measured against a burst. */
export type CutEffect = 'unclear' | 'helped' | 'same' | 'different';

/** A refused share above this is no chance event, and needs no full window as evidence. */
const HOPELESS = 0.45;

/** Starts the measurement of a cut made at the end of `window`. */
export function startCutTest({ sent, refused }: Window, restore: number): CutTest {
  const share = refused / sent;
  const length = share > 0.5 ? 20 : Math.min(160, Math.max(40, Math.round(8 / share)));
  return { share, sent, length, restore };
}

/**
 * Compares the refused share after a cut with the share before it.
 * Refusals arrive earlier than replies, so success is judged by finished attempts and failure by started ones.
 */
export function judgeCut(test: CutTest, { sent, delivered, refused }: Window): CutEffect {
  const low = Math.min(test.share, 0.2) / 3;
  const finished = delivered + refused;
  if (refused === 0 && finished >= 4 / Math.min(test.share, 0.2)) return 'helped';
  if (finished >= test.length && refused <= low * sent) return 'helped';
  if (refused > mostByChance(test.share, sent, 2)) return 'different';
  if ((refused <= mostByChance(low, sent, 2) && finished < 2 * test.length) || (sent < test.length && refused <= HOPELESS * sent))
    return 'unclear';
  const pooled = pooledShare(test, { sent, refused });
  const noise = 2 * Math.sqrt(pooled * (1 - pooled) * (1 / sent + 1 / test.sent));
  return Math.abs(refused / sent - test.share) <= noise ? 'same' : 'different';
}

/** The refused share over both sides of a cut. */
export function pooledShare(test: CutTest, { sent, refused }: Pick<Window, 'sent' | 'refused'>): number {
  return (refused + test.share * test.sent) / (sent + test.sent);
}

/** The largest plausible number of refusals among `sent` attempts at a normal `share`: three, and `deviations` of the binomial above the mean. */
export function mostByChance(share: number, sent: number, deviations: number): number {
  return 3 + share * sent + deviations * Math.sqrt(share * (1 - share) * sent);
}
