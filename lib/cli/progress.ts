import ora from 'ora';
import { count, dollars, duration } from './words.ts';

/** Where a run stands. `cached` samples were settled without a call and are part of `done`. */
export interface RunProgress {
  readonly total?: number;
  readonly done: number;
  readonly failed: number;
  readonly cached: number;
  readonly costUsd?: number;
}

/** Progress and notices on stderr: one living line on a terminal, plain lines elsewhere. */
export interface ProgressDisplay {
  show(progress: RunProgress): void;
  notice(message: string): void;
  end(): void;
}

const PLAIN_EVERY_MS = 10_000;

/** `120 of 1,000 done · 3 failed · 10 cached · 4.2/s · 3 min left · $0.12`. Rate and time left count samples that took calls. */
export function progressLine({ total, done, failed, cached, costUsd }: RunProgress, elapsedMs: number): string {
  const settled = done + failed;
  const rate = elapsedMs > 0 ? ((settled - cached) / elapsedMs) * 1000 : 0;
  const left = total === undefined || rate === 0 || settled >= total ? undefined : (total - settled) / rate;
  return [
    `${count(done)}${total === undefined ? '' : ` of ${count(total)}`} done`,
    failed > 0 && `${count(failed)} failed`,
    cached > 0 && `${count(cached)} cached`,
    rate > 0 && `${rate.toLocaleString('en', { maximumFractionDigits: rate < 10 ? 1 : 0 })}/s`,
    left !== undefined && `${duration(left)} left`,
    costUsd !== undefined && costUsd > 0 && dollars(costUsd),
  ]
    .filter(Boolean)
    .join(' · ');
}

export function createProgressDisplay(stream: NodeJS.WriteStream, now: () => number): ProgressDisplay {
  const startedAt = now();
  return stream.isTTY ? livingLine(stream, startedAt, now) : plainLines(stream, startedAt, now);
}

function livingLine(stream: NodeJS.WriteStream, startedAt: number, now: () => number): ProgressDisplay {
  // discardStdin would put the terminal into raw mode and take Ctrl-C from us.
  const spinner = ora({ stream, discardStdin: false });
  return {
    show(progress) {
      spinner.text = progressLine(progress, now() - startedAt);
      if (!spinner.isSpinning) spinner.start();
    },
    notice(message) {
      const spinning = spinner.isSpinning;
      if (spinning) spinner.clear();
      stream.write(`${message}\n`);
      if (spinning) spinner.render();
    },
    end: () => void spinner.stop(),
  };
}

function plainLines(stream: NodeJS.WriteStream, startedAt: number, now: () => number): ProgressDisplay {
  let saidAt = startedAt;
  return {
    show(progress) {
      if (now() - saidAt < PLAIN_EVERY_MS) return;
      saidAt = now();
      stream.write(`${progressLine(progress, saidAt - startedAt)}\n`);
    },
    notice: (message) => void stream.write(`${message}\n`),
    end: () => undefined,
  };
}
