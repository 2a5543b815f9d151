/**
 * The one-standard-error rule (Breiman et al. 1984; Hastie et al. 2009, 7.10): of the candidates that are as good as
 * the best within the uncertainty of a small validation set, take the one that changes least.
 */
import { classShares, ROUNDING } from './class-shares.js';

/** What one candidate did on each validation sample, [N] each, 0 or 1. */
export interface Outcome {
  readonly correct: Uint8Array;
  /** 1 where the prediction differs from the original head's. */
  readonly changed: Uint8Array;
  /** Breaks ties between equal changes: lower first. */
  readonly strength: number;
}

/** How a candidate compares with the best one on the samples that were looked at. */
export interface Standing {
  /** Σ_k v_k a_k: accuracy under the class weights v. */
  readonly score: number;
  /** Share of predictions that differ from the original head's. */
  readonly change: number;
  /**
   * Standard error of the paired difference (best − this): sqrt(Σ_k v_k² s_k² / n_k) with s_k² the variance, divided
   * by n_k − 1, of the per-sample difference in class k. A class with one sample takes the pooled variance.
   */
  readonly standardError: number;
  /** Whether best − score ≤ standardError. */
  readonly eligible: boolean;
}

/**
 * Applies the rule to `candidates` (positions in `outcomes`), on the samples listed. Class weights are normalised over
 * the classes that have a listed sample. Ties go to less change, then lower strength, then the earlier candidate.
 */
export function oneStandardError(
  outcomes: readonly Outcome[],
  candidates: readonly number[],
  samples: Int32Array,
  labels: ArrayLike<number>,
  weights: ArrayLike<number>,
): { chosen: number; best: number; standings: Standing[] } {
  const total = new Float64Array(weights.length);
  for (const i of samples) total[labels[i]]++;
  const share = classShares(total, weights);
  const measured = candidates.map((c) => {
    const { correct, changed } = outcomes[c];
    let score = 0;
    let change = 0;
    for (const i of samples) {
      if (correct[i]) score += share[labels[i]] / total[labels[i]];
      change += changed[i];
    }
    return { score, change: change / samples.length };
  });
  const before = (a: number, b: number) =>
    measured[a].change - measured[b].change ||
    outcomes[candidates[a]].strength - outcomes[candidates[b]].strength ||
    a - b;
  let best = 0;
  for (let c = 1; c < candidates.length; c++) {
    const lead = measured[c].score - measured[best].score;
    if (lead > ROUNDING || (lead >= -ROUNDING && before(c, best) < 0)) best = c;
  }
  const standings = measured.map(({ score, change }, c) => {
    const standardError = pairedStandardError(
      outcomes[candidates[best]].correct,
      outcomes[candidates[c]].correct,
      samples,
      labels,
      total,
      share,
    );
    return {
      score,
      change,
      standardError,
      eligible: measured[best].score - score <= standardError + ROUNDING,
    };
  });
  let chosen = best;
  for (let c = 0; c < candidates.length; c++) {
    if (standings[c].eligible && before(c, chosen) < 0) chosen = c;
  }
  return { chosen: candidates[chosen], best: candidates[best], standings };
}

function pairedStandardError(
  a: Uint8Array,
  b: Uint8Array,
  samples: Int32Array,
  labels: ArrayLike<number>,
  total: Float64Array,
  share: Float64Array,
): number {
  const sums = new Float64Array(total.length);
  const squares = new Float64Array(total.length);
  for (const i of samples) {
    const d = a[i] - b[i];
    sums[labels[i]] += d;
    squares[labels[i]] += d * d;
  }
  let deviations = 0;
  let freedom = 0;
  let variance = 0;
  let single = 0;
  let discordant = 0;
  for (let k = 0; k < total.length; k++) {
    const n = total[k];
    discordant += squares[k];
    if (n === 1) single += share[k] ** 2;
    if (n < 2) continue;
    const deviation = squares[k] - sums[k] ** 2 / n;
    deviations += deviation;
    freedom += n - 1;
    variance += (share[k] ** 2 * deviation) / (n - 1) / n;
  }
  // With no class of two samples there is nothing to pool: E d² bounds the variance from above.
  const pooled = freedom > 0 ? deviations / freedom : discordant / samples.length;
  return Math.sqrt(variance + single * pooled);
}
