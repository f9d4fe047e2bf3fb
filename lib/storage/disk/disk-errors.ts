import { RunStopError, StorageError, UsageError } from '#core/errors.ts';

/** What a failed write means to the user: a full disk stops the run, a place that takes no files is a wrong setting, and any other code is a fault of the disk. */
export function explainWriteError(error: unknown, path: string): unknown {
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'ENOSPC' || code === 'EDQUOT')
    return new RunStopError('disk_full', `the disk is full at ${path}: make room and run the same command again, finished work is kept`, {
      cause: error,
    });
  if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS' || code === 'ENOTDIR' || code === 'ENOENT' || code === 'EEXIST')
    return new UsageError(`cannot write ${path} (${code}): choose another folder, or check who may write there`, { cause: error });
  if (typeof code === 'string')
    return new StorageError(`cannot write ${path} (${code}): check the disk and run the same command again, finished work is kept`, {
      cause: error,
    });
  return error;
}
