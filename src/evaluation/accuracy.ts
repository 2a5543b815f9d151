/** Accuracy by class, and the numbers that sum it up. All are fractions, 0 … 1. */

/** How many samples each class has and how many of them were predicted as that class; both [C]. */
export interface ClassTally {
  readonly total: Int32Array;
  readonly correct: Int32Array;
}

/** Counts samples and hits per class. `predictions` and `labels` are [N], whole numbers in 0 … classes−1. */
export function tallyClasses(
  predictions: ArrayLike<number>,
  labels: ArrayLike<number>,
  classes: number,
): ClassTally {
  const total = new Int32Array(classes);
  const correct = new Int32Array(classes);
  for (let i = 0; i < labels.length; i++) {
    total[labels[i]]++;
    if (predictions[i] === labels[i]) correct[labels[i]]++;
  }
  return { total, correct };
}

/** Accuracy of each class, a_k = correct_k / total_k; null where the class has no sample. */
export function perClassAccuracy({ total, correct }: ClassTally): (number | null)[] {
  return Array.from(total, (n, k) => (n > 0 ? correct[k] / n : null));
}

/** Accuracies over classes that have samples. */
export interface AccuracySummary {
  /** Mean of the per-class accuracies, (1/C') Σ_k a_k: balanced accuracy, the headline of the long-tailed literature. */
  readonly average: number;
  /** The smallest a_k. */
  readonly worst: number;
  /** C' / Σ_k (1/a_k); 0 as soon as one class is at 0 (the limit). */
  readonly harmonicMean: number;
  /** (Π_k a_k)^(1/C'); 0 as soon as one class is at 0. */
  readonly geometricMean: number;
  /** Share of all samples that are right: every sample counts the same, so the head of the distribution dominates. */
  readonly overall: number;
}

/** Sums up a tally over the C' classes that have at least one sample; there must be one. */
export function summarizeAccuracy({ total, correct }: ClassTally): AccuracySummary {
  let present = 0;
  let samples = 0;
  let hits = 0;
  let sum = 0;
  let inverses = 0;
  let logs = 0;
  let worst = 1;
  for (let k = 0; k < total.length; k++) {
    if (total[k] === 0) continue;
    const accuracy = correct[k] / total[k];
    present++;
    samples += total[k];
    hits += correct[k];
    sum += accuracy;
    // 1/0 and log 0 are infinite and carry the limits: the harmonic and geometric means become 0.
    inverses += 1 / accuracy;
    logs += Math.log(accuracy);
    worst = Math.min(worst, accuracy);
  }
  return {
    average: sum / present,
    worst,
    harmonicMean: present / inverses,
    geometricMean: Math.exp(logs / present),
    overall: hits / samples,
  };
}
