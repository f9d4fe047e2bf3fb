import { RunStopError, SampleError } from '#core/errors.ts';
import type { Clock } from '#core/ports.ts';
import type { CallError } from '../adapters/call-error.ts';

/** Detects an endpoint that answers no call at all, so that a dead server ends the run instead of failing every sample. */
export interface Outage {
  succeeded(): void;
  /**
   * Counts a failure before its retry. Throws `RunStopError` when no call has succeeded for too long, or when the requested
   * wait is too long. Throws `SampleError` when only this call fails while others are answered.
   */
  failed(call: object, error: CallError): void;
}

const NEVER_ANSWERED_MS = 60_000;
const STOPPED_ANSWERING_MS = 10 * 60_000;
export const LONGEST_THROTTLING_MS = 2 * 60 * 60_000;
const NOTICE_AGAIN_MS = 60_000;

/**
 * When a call itself is at fault: so many failures over so long a time, each after a reply to another call, are no chance event.
 * A rate limit also refuses one call many times, but then it refuses most others too. That share gives the likelihood.
 */
const OWN_FAULT = { failures: 30, ms: 10 * 60_000, chance: 1e-9 };

/** The failures of one call, and the totals at its first one. `counted`: failures with a reply to another call since the previous failure. */
interface Trouble {
  readonly since: number;
  readonly answered: number;
  readonly failed: number;
  failures: number;
  counted: number;
  answeredThen: number;
}

export function createOutage(clock: Clock, notice: (message: string) => void): Outage {
  let everSucceeded = false;
  let since: number | undefined;
  let noticedAt = Number.NEGATIVE_INFINITY;
  const failing = new Set<object>();
  let answered = 0;
  let failed = 0;
  const troubles = new WeakMap<object, Trouble>();

  /** Counts a failure. Throws for a call that is itself at fault. */
  const countFailure = (call: object, { message }: CallError, now: number) => {
    const own = troubles.get(call) ?? { since: now, answered, failed, failures: 0, counted: 0, answeredThen: answered };
    troubles.set(call, own);
    failed += 1;
    own.failures += 1;
    if (answered > own.answeredThen) own.counted += 1;
    own.answeredThen = answered;
    if (own.counted < OWN_FAULT.failures || now - own.since < OWN_FAULT.ms) return;
    const others = { answered: answered - own.answered, failed: failed - own.failed - own.failures };
    const share = (others.failed + 1) / (others.failed + others.answered + 2);
    if (share ** own.counted > OWN_FAULT.chance) return;
    throw new SampleError(
      'model_unavailable',
      `gave up after ${own.failures} attempts in ${span(now - own.since)}, in which ${others.answered} other calls were answered: ${message}; if the next run fails in the same way, this request exceeds the server: send a smaller image, or raise the server's limit`,
    );
  };

  const patience = ({ kind, patienceMs }: CallError) => {
    if (kind === 'throttled') return patienceMs ?? LONGEST_THROTTLING_MS;
    return everSucceeded ? Math.max(STOPPED_ANSWERING_MS, patienceMs ?? 0) : (patienceMs ?? NEVER_ANSWERED_MS);
  };

  return {
    succeeded() {
      everSucceeded = true;
      answered += 1;
      if (since === undefined) return;
      since = undefined;
      failing.clear();
    },
    failed(call, error) {
      const now = clock.now();
      countFailure(call, error, now);
      since ??= now;
      failing.add(call);
      const lasting = now - since;
      const limit = patience(error);
      requireShortWait(error, Math.max(limit, STOPPED_ANSWERING_MS)); // a server that names a time is up, even before its first reply
      if (lasting < limit) {
        if (error.kind !== 'failing' && lasting > 0 && now - noticedAt >= NOTICE_AGAIN_MS) {
          noticedAt = now;
          notice(`${error.message}; waiting, for up to ${span(limit - lasting)} more`);
        }
        return;
      }
      if (everSucceeded && failing.size === 1)
        throw new SampleError('model_unavailable', `gave up after ${span(lasting)}: ${error.message}`);
      throw new RunStopError(
        describeOutage(error),
        `no call has succeeded for ${span(lasting)}: ${error.message}; run the same command again later; finished work is saved`,
      );
    },
  };
}

/** Throws before the wait: a run that sleeps for a day looks like one that hangs. */
function requireShortWait(error: CallError, longest: number): void {
  const asked = error.retryAfterMs ?? 0;
  if (asked <= longest) return;
  throw new RunStopError(
    describeOutage(error),
    `the server requests a wait of ${span(asked)}, and this run waits for up to ${span(longest)}: ${error.message}; run the same command again after that time; finished work is saved`,
  );
}

const describeOutage = ({ kind }: CallError) => (kind === 'throttled' ? 'quota_exhausted' : 'server_unreachable');

function span(ms: number): string {
  const minutes = Math.round(ms / 60_000);
  if (ms < 120_000) return `${Math.round(ms / 1000)} s`;
  if (minutes < 180) return `${minutes} min`;
  return minutes < 72 * 60 ? `${Math.round(minutes / 60)} h` : `${Math.round(minutes / 1440)} days`;
}
