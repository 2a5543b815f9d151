/** What `diagnose` is told. */
import type { ClassCounts } from '../array/class-counts.js';
import type { LinearHead } from '../array/linear-head.js';
import type { GroupThresholds } from '../evaluation/groups.js';
import type { Progress } from '../features/progress.js';
import type { SessionOptions } from '../runtime/session.js';
import type { FdrCenter } from './fdr.js';
import type { FeatureStatistics } from './statistics.js';

/** Options of `diagnose`. */
export interface DiagnoseOptions extends SessionOptions {
  /** The head on these features; default: the logits in the sets stand for it where they can. */
  readonly head?: LinearHead;
  /** Training samples per class, [C], > 0. Default: those of the source, which is right for the training set only. */
  readonly counts?: ClassCounts;
  /** Of the groups many, medium and few. Default: defaultThresholds(C). */
  readonly thresholds?: GroupThresholds;
  /** Centre of FDR's S_B. Default 'samples', that of the published figures. */
  readonly center?: FdrCenter;
  /** λ of theorem 2, > 0. Default 0.1, that of the published second stage. */
  readonly weightDecay?: number;
  /** Halves of the samples behind the 95 % intervals (resample.ts), 0 … 1,000,000. Default 0: no intervals. Usual: 200. */
  readonly intervals?: number;
  /** Of the intervals, and of the samples whose pairs theorem 1 looks at. A whole number, default 0. */
  readonly seed?: number;
  /** Default: that of the source. */
  readonly name?: string;
  /** Class names, [C]. Default: those of the source. */
  readonly classNames?: readonly string[];
  /** Stops with ABORTED. */
  readonly signal?: AbortSignal;
  /** Samples over all passes; `done` never falls and ends at `total`. */
  readonly onProgress?: (progress: Progress) => void;
  /**
   * Called once with the statistics that everything is computed from, to keep them (writeStatistics): what it throws ends the
   * diagnosis.
   */
  readonly onStatistics?: (
    statistics: FeatureStatistics,
    named: { readonly name: string; readonly classNames: readonly string[] | null },
  ) => void | Promise<void>;
}
