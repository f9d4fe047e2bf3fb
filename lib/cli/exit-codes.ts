import { RunStopError, SampleError, StorageError, UsageError } from '#core/errors.ts';
import { redact, replaceSecrets } from '#core/secrets/redact.ts';

export const exitCode = { done: 0, couldNotRun: 1, tooManyFailures: 2, belowLimit: 2, interrupted: 130 } as const;

/** The exit code of an error that ended a command. */
export function chooseExitCode(error: unknown): number {
  const interrupted =
    (error instanceof RunStopError && error.reason === 'interrupted') || (error instanceof Error && error.name === 'AbortError');
  return interrupted ? exitCode.interrupted : exitCode.couldNotRun;
}

/** The message of an error for the user, without `secrets`. With `debug` the stack trace is included; an unexpected error names the switch. */
export function explainError(error: unknown, debug: boolean, secrets: readonly string[] = []): string {
  return replaceSecrets(explain(error, debug), secrets);
}

function explain(error: unknown, debug: boolean): string {
  const message = error instanceof Error ? error.message : String(error);
  if (debug && error instanceof Error) return redact(error.stack ?? message, []);
  if ([UsageError, RunStopError, StorageError, SampleError].some((kind) => error instanceof kind)) return message;
  if (chooseExitCode(error) === exitCode.interrupted) return 'interrupted';
  return explainSystemError(error) ?? `unexpected: ${redact(message, [])} (set GROUNDLINE_DEBUG=1 for details)`;
}

const systemErrorFixes: Readonly<Record<string, string>> = {
  ENOENT: 'no such file or folder; check the path',
  EACCES: 'permission denied; check the permissions of this path',
  EPERM: 'permission denied; check the permissions of this path',
  EROFS: 'the disk is read-only; choose another folder',
  ENOTDIR: 'a part of the path is a file, expected a folder; choose another folder',
  EISDIR: 'got a folder, expected a file; name a file',
  EEXIST: 'the path exists already; choose another name',
  ENOSPC: 'the disk is full; free some space and run the same command again; finished work is saved',
  EMFILE: 'too many open files; raise "ulimit -n" or lower workflow.max_workers',
};

function explainSystemError(error: unknown): string | undefined {
  const { code, path } = error as NodeJS.ErrnoException;
  const fix = code === undefined ? undefined : systemErrorFixes[code];
  return fix && path ? `${path}: ${fix}` : undefined;
}
