import ora from 'ora';
import { formatCount, formatDollars, formatDuration } from './format.ts';

/** The progress of a run in samples. `cached` samples were completed without a model call; `done` and `failed` include them. */
export interface DisplayedProgress {
  readonly total?: number;
  readonly done: number;
  readonly failed: number;
  readonly cached: number;
  readonly costUsd?: number;
}

/** Progress and notices on stderr: one redrawn line on a terminal that is large enough, else plain lines. */
export interface ProgressDisplay {
  show(progress: DisplayedProgress): void;
  notice(message: string): void;
  end(): void;
}

const PLAIN_EVERY_MS = 10_000;

/** `120 of 1,000 done · 3 failed · 10 cached · 4.2/s · 3 min left · $0.12`. Rate and time left count samples with model calls. */
export function progressLine({ total, done, failed, cached, costUsd }: DisplayedProgress, elapsedMs: number): string {
  const completed = done + failed;
  const rate = elapsedMs > 0 ? ((completed - cached) / elapsedMs) * 1000 : 0;
  const left = total === undefined || rate === 0 || completed >= total ? undefined : (total - completed) / rate;
  return [
    `${formatCount(done)}${total === undefined ? '' : ` of ${formatCount(total)}`} done`,
    failed > 0 && `${formatCount(failed)} failed`,
    cached > 0 && `${formatCount(cached)} cached`,
    rate > 0 && `${rate.toLocaleString('en', { maximumFractionDigits: rate < 10 ? 1 : 0 })}/s`,
    left !== undefined && `${formatDuration(left)} left`,
    costUsd !== undefined && costUsd > 0 && formatDollars(costUsd),
  ]
    .filter(Boolean)
    .join(' · ');
}

/** Screen cells of the longest progress line. */
const LONGEST_LINE = 120;

/** Draws on `stream`. The form is chosen at each update, because a terminal can lose its size during a run. */
export function createProgressDisplay(stream: NodeJS.WriteStream, now: () => number): ProgressDisplay {
  const startedAt = now();
  const redrawn = redrawnLine(stream, startedAt, now);
  const plain = plainLines(stream, startedAt, now);
  return {
    show: (progress) => (redrawn.canDraw() ? redrawn : plain).show(progress),
    notice: (message) => redrawn.notice(message),
    end: () => redrawn.end(),
  };
}

function redrawnLine(stream: NodeJS.WriteStream, startedAt: number, now: () => number): ProgressDisplay & { canDraw(): boolean } {
  // `discardStdin: true` would put the terminal into raw mode, where Ctrl-C sends no signal.
  const spinner = ora({ stream, discardStdin: false });
  // `isEnabled` is false without a terminal, with TERM=dumb and with CI set.
  const canDraw = () => spinner.isEnabled && hasRoom(stream);
  const end = () => {
    stream.off('resize', endWithoutRoom);
    if (spinner.isSpinning) spinner.stop();
  };
  // The spinner redraws by its own timer. It must stop before it draws with the new size.
  const endWithoutRoom = () => {
    if (!hasRoom(stream)) end();
  };
  return {
    canDraw,
    show(progress) {
      spinner.text = progressLine(progress, now() - startedAt);
      if (spinner.isSpinning) return;
      stream.on('resize', endWithoutRoom);
      spinner.start();
    },
    notice(message) {
      const spinning = spinner.isSpinning;
      if (spinning) spinner.clear();
      stream.write(`${message}\n`);
      if (spinning) spinner.render();
    },
    end,
  };
}

/** Terminals of `script`, `docker run -t` and notebooks are often 0 × 0. There the spinner would clear an endless number of lines. */
function hasRoom({ columns = 0, rows = 0 }: NodeJS.WriteStream): boolean {
  return columns * rows >= LONGEST_LINE;
}

function plainLines(stream: NodeJS.WriteStream, startedAt: number, now: () => number): Pick<ProgressDisplay, 'show'> {
  let shownAt = startedAt;
  return {
    show(progress) {
      if (now() - shownAt < PLAIN_EVERY_MS) return;
      shownAt = now();
      stream.write(`${progressLine(progress, shownAt - startedAt)}\n`);
    },
  };
}
