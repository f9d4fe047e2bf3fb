import { createRateControl } from '#models/pacing/rate-control.ts';

export interface SimulatedServer {
  readonly workers: number;
  readonly calls: number;
  readonly latencyMs: number;
  /** Share of calls refused at any rate. */
  readonly refusedAtRandom?: number;
  /** Calls per second of a token bucket, and its size. */
  readonly limit?: number;
  readonly burst?: number;
  readonly seed: number;
}

const REFUSAL_MS = 20;
const RETRY_AFTER_MS = 1000;

/** A complete run in simulated time: rate control, workers, and samples that wait for their Retry-After. */
export function simulate(server: SimulatedServer): { seconds: number; perSecond: number; refusedShare: number; answered: number } {
  const random = mulberry32(server.seed);
  const control = createRateControl(server.workers);
  const events: { at: number; run: () => void }[] = [];
  const later = (ms: number, run: () => void) => {
    const at = now + ms;
    const index = events.findLastIndex((event) => event.at <= at);
    events.splice(index + 1, 0, { at, run });
  };
  let now = 0;
  let [tokens, filledAt] = [server.burst ?? 0, 0];
  let [fresh, waiting, ready, busy] = [server.calls, 0, 0, 0];
  let [answered, refused, attempts, nextStart, answeredAt] = [0, 0, 0, 0, 0];
  let wakeAt = Number.NaN;

  const refuses = () => {
    if (random() < (server.refusedAtRandom ?? 0)) return true;
    if (!server.limit) return false;
    tokens = Math.min(server.burst ?? 1, tokens + ((now - filledAt) / 1000) * server.limit);
    filledAt = now;
    if (tokens < 1) return true;
    tokens -= 1;
    return false;
  };

  const wake = (at: number) => {
    if (wakeAt === at) return;
    wakeAt = at;
    later(at - now, pump);
  };

  const launch = () => {
    busy += 1;
    attempts += 1;
    const ticket = control.start(now);
    const isRefused = refuses();
    later(isRefused ? REFUSAL_MS : server.latencyMs * (0.8 + 0.4 * random()), () => {
      busy -= 1;
      if (isRefused) {
        refused += 1;
        waiting += 1;
        control.refused(ticket, now, RETRY_AFTER_MS);
        later(RETRY_AFTER_MS * (1 + 0.1 * random()), () => {
          waiting -= 1;
          ready += 1;
          pump();
        });
      } else {
        answered += 1;
        answeredAt = now;
        control.delivered(ticket, now);
      }
      pump();
    });
  };

  const pump = () => {
    while (busy < server.workers && (ready > 0 || (fresh > 0 && busy + waiting < 4 * server.workers))) {
      const rate = control.rate(now);
      if (rate === 0) {
        if (control.pausedUntil() > now) wake(control.pausedUntil());
        return;
      }
      if (rate !== Number.POSITIVE_INFINITY && now < nextStart) return wake(nextStart);
      nextStart = Math.max(nextStart, now - 5) + 1000 / rate;
      if (ready > 0) ready -= 1;
      else fresh -= 1;
      launch();
    }
  };

  pump();
  for (let event = events.shift(); event; event = events.shift()) {
    now = Math.max(now, event.at);
    event.run();
  }
  const seconds = answeredAt / 1000;
  return { seconds, perSecond: answered / seconds, refusedShare: refused / attempts, answered };
}

/** A small seeded generator (Tommy Ettinger's mulberry32, public domain). */
export function mulberry32(seed: number): () => number {
  let state = seed * 2_654_435_761;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}
