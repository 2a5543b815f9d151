/**
 * The one error class of the package. A message says what was being done, what was found, what is allowed
 * and what to do next; `code` is stable across versions, so programs can branch on it.
 */

import { printable } from './text.js';

/** Longest message: what is said in the middle of a longer one was in a file, and nobody reads it. */
const LONGEST_MESSAGE = 4000;

/** Stable error codes. New ones may be added; the meaning of an existing one does not change. */
export type ErrorCode =
  | 'INVALID_ARGUMENT' // an option or value is outside of what is allowed
  | 'SHAPE_MISMATCH' // two things that must fit each other do not
  | 'NOT_FINITE' // NaN or infinity where numbers are needed
  | 'FILE_NOT_FOUND'
  | 'FILE_UNREADABLE' // exists, but cannot be read
  | 'FILE_CHANGED' // written to while it was read: run again
  | 'FILE_BUSY' // another run is writing it: the target is untouched
  | 'FILE_EXISTS' // output exists and overwriting was not asked for
  | 'FILE_UNWRITABLE' // permission, missing folder, disk full: the target is untouched
  | 'FORMAT_INVALID' // a file is not what its name or header says, or is damaged
  | 'FORMAT_UNSUPPORTED' // a valid file of a kind that is not read here
  | 'LIMIT_EXCEEDED' // a named limit of a parser
  | 'PATH_FORBIDDEN' // a path inside a file points out of the file's folder
  | 'MODEL_INVALID' // not an ONNX model, truncated, or inconsistent
  | 'HEAD_NOT_FOUND' // no linear head where one is needed
  | 'HEAD_AMBIGUOUS' // several heads: choose one
  | 'HEAD_UNSUPPORTED' // a head that cannot be changed safely
  | 'HEAD_OVERFLOW' // new weights do not fit the number type of the head
  | 'VERIFICATION_FAILED' // the written model does not compute what the head promises
  | 'DEVICE_UNAVAILABLE'
  | 'DEPENDENCY_MISSING' // an optional package is needed
  | 'LABELS_INVALID' // out of range, or absent where needed
  | 'COUNTS_INVALID' // wrong length, zero, negative, not a number
  | 'CLASS_MISSING' // a class has no sample in a set that needs one of each
  | 'FIT_DIVERGED' // a fit whose loss is no longer a finite number
  | 'ABORTED';

/**
 * What every function of this package throws when it refuses or fails for a reason it knows. Names from files stand in the message
 * without control characters, so that it can be shown on a terminal and written to a log as one line.
 */
export class TailorError extends Error {
  /** Stable identifier of the kind of failure. */
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: { cause?: unknown }) {
    super(printable(message, LONGEST_MESSAGE), options);
    this.name = 'TailorError';
    this.code = code;
  }
}

/** Throws `ABORTED` when the signal has fired; `doing` completes 'Stopped while …', a reason in words says why. */
export function throwIfAborted(signal: AbortSignal | undefined, doing: string): void {
  if (signal?.aborted) {
    const { reason } = signal;
    const why = typeof reason === 'string' ? reason : 'the caller aborted';
    throw new TailorError('ABORTED', `Stopped while ${doing}: ${why}.`, { cause: reason });
  }
}
