/** Learning rates over the epochs of a fit. */
import { TailorError } from '../array/errors.js';
import type { Schedule } from './fit-options.js';

/** The schedules that have a name. */
export const SCHEDULES = {
  /** 1. */
  constant: () => 1,
  /** Cosine annealing that begins at 1: ½(1 + cos(πe/E)). */
  cosine: (epoch: number, epochs: number) => (1 + Math.cos((Math.PI * epoch) / epochs)) / 2,
  /** The authors' published code, whose scheduler steps before the epoch: ½(1 + cos(π(e+1)/E)), 0 in the last epoch. */
  'cosine-published': (epoch: number, epochs: number) => (1 + Math.cos((Math.PI * (epoch + 1)) / epochs)) / 2,
} as const satisfies Record<string, (epoch: number, epochs: number) => number>;

/**
 * Learning rates of epochs 0 … E−1, [E]: `learningRate` times the schedule's factor.
 * INVALID_ARGUMENT for an unknown name, or a function whose factor is not a finite number of at least 0.
 */
export function learningRates(schedule: Schedule, learningRate: number, epochs: number): Float64Array {
  return Float64Array.from({ length: epochs }, (_, epoch) => rateAt(schedule, learningRate, epoch, epochs));
}

/**
 * Learning rates of the steps of an epoch, [S]: step s of S is at e + s/S of E. Errors as `learningRates`.
 */
export function stepRates(
  schedule: Schedule,
  learningRate: number,
  epoch: number,
  epochs: number,
  steps: number,
): Float64Array {
  return Float64Array.from({ length: steps }, (_, step) =>
    rateAt(schedule, learningRate, epoch + step / steps, epochs),
  );
}

function rateAt(schedule: Schedule, learningRate: number, epoch: number, epochs: number): number {
  const doing = 'Computing learning rates';
  const known = Object.keys(SCHEDULES);
  if (typeof schedule !== 'function' && !known.includes(schedule)) {
    throw new TailorError(
      'INVALID_ARGUMENT',
      `${doing}: there is no schedule "${schedule}"; choose ${known.join(', ')}, or give a function.`,
    );
  }
  const factor = (typeof schedule === 'function' ? schedule : SCHEDULES[schedule])(epoch, epochs);
  if (!(Number.isFinite(factor) && factor >= 0)) {
    throw new TailorError(
      'INVALID_ARGUMENT',
      `${doing}: the schedule's factor in epoch ${epoch} is ${factor}; it must be finite and at least 0.`,
    );
  }
  return learningRate * factor;
}
