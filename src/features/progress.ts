/** How far an extraction is. */
import { platform } from '#platform';

/** One report of progress. In a run `total` stays, `done` never falls, and the last report has done = total. */
export interface Progress {
  /** Samples done. */
  readonly done: number;
  /** Samples in all. */
  readonly total: number;
  /** Since the start. */
  readonly seconds: number;
  /** 0 before anything is done. */
  readonly samplesPerSecond: number;
  /** Estimate; undefined before anything is done. */
  readonly secondsLeft?: number;
}

/** Starts the clock; each call makes a report. */
export function startProgress(total: number): (done: number) => Progress {
  const start = platform.seconds();
  return (done) => {
    const seconds = platform.seconds() - start;
    const samplesPerSecond = done > 0 && seconds > 0 ? done / seconds : 0;
    // The clock of a page moves in steps: something can be done in no time.
    const secondsLeft = done > 0 ? ((total - done) * seconds) / done : undefined;
    return { done, total, seconds, samplesPerSecond, secondsLeft };
  };
}
