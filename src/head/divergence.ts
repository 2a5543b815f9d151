/** What is said of a training whose numbers are no longer finite. */
import { TailorError } from '../array/errors.js';
import type { SgdConfiguration } from './sgd-configuration.js';

/** FIT_DIVERGED with epoch and step (both from 0, printed from 1), and what to change. */
export function divergedAt(
  { rates, weightDecay, maxNorm }: SgdConfiguration,
  epoch: number,
  step: number,
  steps: number,
): TailorError {
  const rate = rates[epoch];
  const advice = ['a lower learning rate'];
  if (rate * weightDecay > 1) advice.push('less weight decay (learning rate × decay is above 1)');
  if (maxNorm === 'none') advice.push('a maxNorm');
  advice.push('features of smaller scale');
  return new TailorError(
    'FIT_DIVERGED',
    `Fitting a head: the loss is no longer finite in epoch ${epoch + 1} of ${rates.length}, step ${step + 1} of ${steps}, ` +
      `at learning rate ${rate} and weight decay ${weightDecay}. Try ${advice.join(', or ')}.`,
  );
}
