// What the paper claims, and whether it held here: verdicts are computed from the measurements, by rules that stand beside each claim.

import { BATCH_NORM_CLAIMS } from './claims/batch-norm.mjs';
import { FEATURE_CLAIMS } from './claims/features.mjs';
import { judge } from './claims/judge.mjs';
import { LAYER_CLAIMS } from './claims/layers.mjs';
import { NORM_CLAIMS } from './claims/norms.mjs';
import { ONE_STAGE_CLAIMS } from './claims/one-stage.mjs';
import { SECOND_STAGE_CLAIMS } from './claims/second-stage.mjs';

/** In the order of the paper. */
const CLAIMS = [
  ...FEATURE_CLAIMS,
  ...BATCH_NORM_CLAIMS,
  ...LAYER_CLAIMS,
  ...NORM_CLAIMS,
  ...SECOND_STAGE_CLAIMS,
  ...ONE_STAGE_CLAIMS,
];

/** How a verdict comes about, for readers. */
export const CLAIMS_NOTES = [
  'A difference counts where it is beyond noise. Trainings scatter: how much is pooled over the methods of a block that were trained with ' +
    'several seeds, and a difference of two means has to be beyond its 95 % interval (Student). FDR, norms and forgetting scores are ' +
    'compared by their logarithms, so that percentages scatter evenly.',
  'Accuracies have the choice of test samples in their interval as well: the standard error of the proportion of each class, averaged over ' +
    'the classes. With 1,000 test images for each of 10 classes two heads that reach 75 % differ beyond noise from about 1.2 points on.',
  'Heads on the same features are compared model by model. Where a block has no method with several seeds, accuracies are held against the ' +
    'test samples alone, and other figures have to differ by a tenth (cosines by 0.02); one seed is named as such.',
  'Held: so in every comparison (or in most, where the claim is of most). Partly: in some, or less than claimed, or not everything that the ' +
    'claim speaks of was measured. Did not hold: in none, be it within noise or the other way round; the reason says which.',
];

/**
 * @param {readonly import('./measurement.mjs').Measurement[]} measurements
 * @returns {import('./claims/judge.mjs').Claim[]} one for every claim, in the order of the paper
 */
export function judgeClaims(measurements) {
  return CLAIMS.map((maker) => judge(maker, measurements));
}
