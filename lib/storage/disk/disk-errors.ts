import { RunStopError, StorageError, UsageError } from '#core/errors.ts';

/** The error of a failed write for the user. A full disk stops the run, an unwritable folder is a wrong setting, any other code is a disk error. */
export function explainWriteError(error: unknown, path: string): unknown {
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'ENOSPC' || code === 'EDQUOT')
    return new RunStopError('disk_full', `the disk is full at ${path}: make room and run the same command again, finished work is kept`, {
      cause: error,
    });
  if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS' || code === 'ENOTDIR' || code === 'ENOENT' || code === 'EEXIST')
    return new UsageError(`cannot write ${path} (${code}); fix: choose another folder, or check its permissions`, { cause: error });
  if (typeof code === 'string')
    return new StorageError(`cannot write ${path} (${code}); fix: check the disk and run the same command again, finished work is kept`, {
      cause: error,
    });
  return error;
}
