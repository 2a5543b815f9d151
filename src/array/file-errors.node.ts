/** What the system says of files, as errors of this package. */
import { dirname } from 'node:path';
import { TailorError } from './errors.js';

/** ENOENT and its like; undefined for errors that are not the system's. */
export function errorCode(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException | undefined)?.code;
}

/** FILE_NOT_FOUND or FILE_UNREADABLE; an error of this package as it is. */
export function readError(path: string, error: unknown): TailorError {
  if (error instanceof TailorError) return error;
  const code = errorCode(error);
  if (code === 'ENOENT' || code === 'ENOTDIR') {
    return new TailorError('FILE_NOT_FOUND', `Reading ${path}: there is no such file. Check the path.`, {
      cause: error,
    });
  }
  const why =
    code === 'EISDIR'
      ? 'it is a folder'
      : code === 'EACCES' || code === 'EPERM'
        ? 'permission denied'
        : code === 'EMFILE' || code === 'ENFILE'
          ? 'too many files are open; close some, or raise the limit (ulimit -n)'
          : (error as Error).message;
  return new TailorError('FILE_UNREADABLE', `Reading ${path}: ${why}.`, { cause: error });
}

/** FILE_UNWRITABLE; an error of this package as it is. */
export function writeError(path: string, error: unknown): TailorError {
  if (error instanceof TailorError) return error;
  const code = errorCode(error);
  const why =
    code === 'ENOENT'
      ? `the folder ${dirname(path)} does not exist; create it first`
      : code === 'EACCES' || code === 'EPERM'
        ? 'permission denied'
        : code === 'EROFS'
          ? 'its file system is read-only'
          : code === 'ENOSPC' || code === 'EDQUOT'
            ? 'no space is left on the disk'
            : code === 'EFBIG'
              ? 'it would be larger than files may be here (ulimit -f, or the file system)'
              : code === 'EMFILE' || code === 'ENFILE'
                ? 'too many files are open; close some, or raise the limit (ulimit -n)'
                : (error as Error).message;
  return new TailorError('FILE_UNWRITABLE', `Writing ${path}: ${why}. The target was left as it was.`, {
    cause: error,
  });
}
