import { CallError } from './adapters/call-error.ts';

/**
 * Limits the total time of one call, including slow bodies. `work` gets a signal that aborts with the caller's signal or at the deadline.
 * Throws a `CallError` at the deadline. `AbortSignal.timeout` would stay in memory until it fires, long after the call.
 */
export async function withinDeadline<T>(
  ms: number,
  caller: AbortSignal | undefined,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  caller?.throwIfAborted();
  const own = new AbortController();
  const abort = () => own.abort(caller?.reason);
  caller?.addEventListener('abort', abort, { once: true });
  let tooSlow: CallError | undefined;
  const timer = setTimeout(() => {
    tooSlow = new CallError(
      'timed_out',
      `the answer was not complete after ${Math.ceil(ms / 1000)} s; raise the timeout in the spec if the model is slow`,
      { answerFault: 'answer_too_slow' },
    );
    own.abort(tooSlow);
  }, ms);
  try {
    return await work(own.signal);
  } catch (error) {
    throw own.signal.reason === tooSlow ? (tooSlow ?? error) : error;
  } finally {
    clearTimeout(timer);
    caller?.removeEventListener('abort', abort);
  }
}
