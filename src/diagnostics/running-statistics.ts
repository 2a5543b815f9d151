/** Statistics of rows that come in small batches: gathered until a product is worth its start, then collected and merged. */
import { matrix } from '../array/matrix.js';
import { collectStatistics } from './collect-statistics.js';
import { mergeStatistics } from './merge-statistics.js';
import { emptyStatistics, type FeatureStatistics } from './statistics.js';

/** Numbers that are gathered: 2 MB of float32, since there may be a hundred layers at once. */
const GATHERED_NUMBERS = 2 ** 19;

/** Options of `RunningStatistics`. */
export interface RunningOptions {
  /** C and D. */
  readonly classes: number;
  readonly dimensions: number;
  /** All samples that will come: nothing larger than they need is kept. */
  readonly samples: number;
  readonly threads?: number;
  readonly signal?: AbortSignal;
}

/** Statistics under way. Memory: D² and C·D numbers, and the rows that are gathered. */
export class RunningStatistics {
  readonly #options: RunningOptions;
  readonly #rows: Float32Array;
  readonly #labels: Int32Array;
  #filled = 0;
  #total: FeatureStatistics;

  constructor(options: RunningOptions) {
    const { classes, dimensions, samples } = options;
    const rows = Math.max(1, Math.min(samples, Math.ceil(GATHERED_NUMBERS / dimensions)));
    this.#options = options;
    this.#rows = new Float32Array(rows * dimensions);
    this.#labels = new Int32Array(rows);
    this.#total = emptyStatistics(classes, dimensions);
  }

  /** Takes in rows [n, D], dense, with labels [n]. */
  async add(rows: Float32Array, labels: Int32Array): Promise<void> {
    const { dimensions } = this.#options;
    for (let from = 0; from < labels.length; ) {
      const count = Math.min(labels.length - from, this.#labels.length - this.#filled);
      this.#rows.set(
        rows.subarray(from * dimensions, (from + count) * dimensions),
        this.#filled * dimensions,
      );
      this.#labels.set(labels.subarray(from, from + count), this.#filled);
      this.#filled += count;
      from += count;
      if (this.#filled === this.#labels.length) await this.#flush();
    }
  }

  /** The statistics of all rows so far. */
  async total(): Promise<FeatureStatistics> {
    await this.#flush();
    return this.#total;
  }

  async #flush(): Promise<void> {
    if (this.#filled === 0) return;
    const { classes, dimensions, threads, signal } = this.#options;
    const rows = matrix(this.#rows.subarray(0, this.#filled * dimensions), this.#filled, dimensions);
    const labels = this.#labels.subarray(0, this.#filled);
    const part = await collectStatistics(rows, labels, { classes, threads, signal });
    this.#total = await mergeStatistics(this.#total, part, { threads });
    this.#filled = 0;
  }
}
