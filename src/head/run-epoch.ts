/** An epoch of training: at once where the features are in memory, else in pieces whose rows are picked from the file. */
import { allocate } from '../array/allocate.js';
import { throwIfAborted } from '../array/errors.js';
import { type FeatureRows, rowsPerPiece } from '../array/feature-rows.js';
import { gatherRows } from '../array/gather-rows.js';
import type { FloatArray } from '../array/matrix.js';
import type { EpochBatches, EpochResult, Trainer } from '../compute/train-epochs.js';

/** What epochs are run on. */
export interface EpochSource {
  readonly trainer: Trainer;
  readonly rows: FeatureRows;
  /** [N]. */
  readonly labels: Int32Array;
  /** Samples of a step. */
  readonly batch: number;
  /** K, where each step has a learning rate of its own for each of K heads; else rates are those of the epoch. */
  readonly stepRates?: number;
  readonly type: 'float32' | 'float64';
  readonly signal?: AbortSignal;
}

/**
 * Runs one epoch after another. In pieces the steps are the same, on the same samples in the same order, so that heads are the same
 * bit for bit; the rows of the next piece are read while the present one runs, and two pieces are in memory. Throws ABORTED
 * between pieces, NOT_FINITE, LIMIT_EXCEEDED (no room for a piece), and what reading throws.
 */
export function epochRunner(source: EpochSource): (batches: EpochBatches) => Promise<EpochResult> {
  const { trainer, rows, batch, stepRates, labels, type, signal } = source;
  if (rows.held) return (batches) => trainer.run(batches);
  const { dimensions } = rows;
  const most = Math.max(1, Math.floor(rowsPerPiece(rows) / batch));
  const doing = 'Fitting a head';
  const free: Float32Array[] = [];

  const gather = async (order: Int32Array, size: number): Promise<Float32Array> => {
    const space = free.pop() ?? allocate<Float32Array>(Float32Array, size, doing);
    await gatherRows(rows, order, space, doing);
    return space;
  };
  return async (batches) => {
    const size = Math.min(most, batches.steps) * batch * dimensions;
    const pieces = cutPieces(batches, most, batch, stepRates);
    const start = (at: number) => {
      const reading = at < pieces.length ? gather(pieces[at].order, size) : undefined;
      // It is seen when it is awaited; until then it is nobody's unhandled rejection.
      reading?.catch(() => {});
      return reading;
    };
    const losses: FloatArray[] = [];
    let norms: FloatArray = new Float64Array(0);
    let next = start(0);
    for (const [at, { order, ...piece }] of pieces.entries()) {
      const space = (await next)!;
      throwIfAborted(signal, 'fitting a head');
      next = start(at + 1);
      const own = space.subarray(0, order.length * dimensions);
      const result = await trainer.runPiece({
        ...piece,
        features: type === 'float64' ? Float64Array.from(own) : own,
        labels: Int32Array.from(order, (row) => labels[row]),
        order: Int32Array.from(order.keys()),
        first: at === 0,
        last: at === pieces.length - 1,
      });
      losses.push(result.losses);
      norms = result.norms;
      free.push(type === 'float64' ? space : new Float32Array(result.features.buffer));
    }
    return { losses: joined(losses), norms };
  };
}

/** The steps of an epoch, `most` at a time. */
function cutPieces(
  { steps, order, share, rates }: EpochBatches,
  most: number,
  batch: number,
  stepRates: number | undefined,
): EpochBatches[] {
  const pieces: EpochBatches[] = [];
  const list = Float64Array.from(rates);
  for (let from = 0; from < steps; from += most) {
    const to = Math.min(steps, from + most);
    pieces.push({
      steps: to - from,
      order: order.subarray(from * batch, to * batch),
      share: share.subarray(from * batch, to * batch),
      rates: stepRates ? list.subarray(from * stepRates, to * stepRates) : list,
    });
  }
  return pieces;
}

function joined(parts: readonly FloatArray[]): FloatArray {
  const all = new Float64Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
