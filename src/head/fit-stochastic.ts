/** The methods of `fit` that are trained batch by batch. */
import { float32Head, type LinearHead } from '../array/linear-head.js';
import { adjust } from './adjust.js';
import { type EarlyStopping, watchValidation } from './early-stopping.js';
import { type FitConfiguration, parametersOf } from './fit-configuration.js';
import type { FitData, FitSgdRun } from './fit-options.js';
import { fitSgd } from './fit-sgd.js';
import type { FittedHead } from './fitted-head.js';
import { objectiveOf } from './objective-of.js';

/** How and where they are trained. */
export interface StochasticRun extends Omit<FitSgdRun, 'onEpoch'> {
  readonly earlyStopping?: EarlyStopping;
}

/** One fit per configuration, each over its recipe; those that share their batches are trained side by side. */
export async function fitStochastic(
  data: FitData,
  configurations: readonly FitConfiguration[],
  { init, earlyStopping, ...run }: StochasticRun,
): Promise<FittedHead[]> {
  const { device, threads, signal } = run;
  const where = { device, threads, signal };
  const watch = earlyStopping && watchValidation(earlyStopping, data, where);
  const normalized = init && configurations.some(startsNormalized) ? normalizedRows(init) : init;
  const tasks = configurations.map(({ solver, ...configuration }) => ({
    ...configuration,
    solver: solver as 'sgd' | 'adamw',
    init: startsNormalized(configuration) ? normalized : init,
  }));
  const made = await fitSgd(data, tasks, { ...run, onEpoch: watch?.onEpoch });
  const fits: FittedHead[] = [];
  for (const [place, { head: last, epochs, seconds, diverged }] of made.entries()) {
    const best = diverged ? undefined : watch?.best(place);
    const head = best ? float32Head(best.head) : last;
    fits.push({
      method: tasks[place].method,
      parameters: { ...parametersOf(configurations[place]), ...(best && { bestEpoch: best.epoch }) },
      head,
      epochs,
      ...(diverged
        ? { objective: null, gradientNorm: null }
        : await objectiveOf(head, data, tasks[place], where)),
      seconds,
      ...(epochs.length > 0 &&
        epochs.every(({ learningRate }) => learningRate === 0) && { warning: UNTRAINED }),
      ...(diverged && { diverged }),
    });
  }
  return fits;
}

/** The published schedule, which ends at 0, has nothing else in a single epoch. */
const UNTRAINED =
  'Nothing was learned: the schedule has a learning rate of 0 in every epoch. Give more epochs, or the schedule cosine.';

const startsNormalized = ({ method }: Pick<FitConfiguration, 'method'>) => method === 'wb-norm';

/** Every row of length 1; a row of zeros stays. */
function normalizedRows(head: LinearHead): LinearHead {
  return adjust(head, { method: 'tau-norm', tau: 1 });
}
