/** Attempts since the pace last changed, by what became of them. */
export interface Window {
  since: number;
  sent: number;
  delivered: number;
  refused: number;
}

/** A cut of the pace whose effect is still being measured. */
export interface CutTest {
  /** The share refused before the cut, and the attempts it was measured on. */
  readonly share: number;
  readonly sent: number;
  /** Attempts that make the share after the cut comparable. */
  readonly length: number;
  /** The pace to go back to if cutting turns out useless. */
  readonly restore: number;
}

/** `helped`: hardly anything is refused any more. `same`: as much as before. `different`: neither, so the cut was measured against a burst. */
export type CutEffect = 'unclear' | 'helped' | 'same' | 'different';

/** Shares above this are not a server's bad luck; and refusals at this pace need no full window to be believed. */
const HOPELESS = 0.45;

export function startCutTest({ sent, refused }: Window, restore: number): CutTest {
  const share = refused / sent;
  const length = share > 0.5 ? 20 : Math.min(160, Math.max(40, Math.round(8 / share)));
  return { share, sent, length, restore };
}

/** Compares what is refused after a cut with what was before. Refusals come back faster than replies, so passing counts answers, failing counts attempts. */
export function judgeCut(test: CutTest, { sent, delivered, refused }: Window): CutEffect {
  const low = Math.min(test.share, 0.2) / 3;
  const answered = delivered + refused;
  if (refused === 0 && answered >= 4 / Math.min(test.share, 0.2)) return 'helped';
  if (answered >= test.length && refused <= low * sent) return 'helped';
  if (refused > mostBy(test.share, sent, 2)) return 'different';
  if ((refused <= mostBy(low, sent, 2) && answered < 2 * test.length) || (sent < test.length && refused <= HOPELESS * sent))
    return 'unclear';
  const pooled = pooledShare(test, { sent, refused });
  const noise = 2 * Math.sqrt(pooled * (1 - pooled) * (1 / sent + 1 / test.sent));
  return Math.abs(refused / sent - test.share) <= noise ? 'same' : 'different';
}

/** The refused share before and after a cut, taken together. */
export function pooledShare(test: CutTest, { sent, refused }: Pick<Window, 'sent' | 'refused'>): number {
  return (refused + test.share * test.sent) / (sent + test.sent);
}

/** As many refusals as `sent` attempts may bring by chance when `share` is normal: three, and `deviations` of the binomial above the mean. */
export function mostBy(share: number, sent: number, deviations: number): number {
  return 3 + share * sent + deviations * Math.sqrt(share * (1 - share) * sent);
}
