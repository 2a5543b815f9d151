/**
 * Chooses method and parameter on validation, and says honestly what the choice is worth.
 *
 * 1. Every candidate predicts every validation sample once; all that follows is bookkeeping on hits.
 * 2. Cross-validation of the whole procedure: for each fold, the one-standard-error rule chooses on the other folds,
 *    and the choice answers the fold. These out-of-fold answers against the original head's give the improvement with
 *    its interval: no sample is scored with a parameter that it had a say in.
 * 3. The candidate that is proposed comes from the same rule on the complete set. It is `chosen` only if the improvement
 *    is significant (its interval lies above 0, see improvement.ts); otherwise the original head stays.
 */
import { platform } from '#platform';
import { countLabels } from '../array/class-counts.js';
import { throwIfAborted } from '../array/errors.js';
import type { FloatArray } from '../array/matrix.js';
import { summarizeAccuracy, tallyClasses } from '../evaluation/accuracy.js';
import { defaultThresholds, groupAccuracy, groupClasses } from '../evaluation/groups.js';
import { adjustmentCandidates, type Candidate, extraCandidate, gridAdjustments } from './candidates.js';
import { weightedAccuracy } from './class-shares.js';
import { stratifiedFolds } from './folds.js';
import { measureImprovement } from './improvement.js';
import { type Outcome, oneStandardError } from './one-standard-error.js';
import { assertSelectOptions, SELECTING, warnAboutSize } from './select-checks.js';
import type { Choice, Selection, SelectOptions } from './selection.js';
import { resolveTargetPrior } from './target-prior.js';

/**
 * Chooses among the original head, a grid of adjustments and any extra candidates; see the top of this file.
 *
 * Errors: CLASS_MISSING, INVALID_ARGUMENT (also for fewer than two samples), SHAPE_MISMATCH, LABELS_INVALID,
 * COUNTS_INVALID, NOT_FINITE, ABORTED.
 */
export async function select<T extends FloatArray>(options: SelectOptions<T>): Promise<Selection<T>> {
  const { head, labels, counts, seed = 0, bootstrap = 2000, targetPrior = 'uniform' } = options;
  const { classes, missingClasses } = assertSelectOptions(options);
  const samples = labels.length;
  const present = countLabels(labels, classes);
  const thresholds = options.thresholds ?? defaultThresholds(classes);
  const groups = groupClasses(counts, thresholds);
  const q = resolveTargetPrior(targetPrior, classes, SELECTING);
  const weights = q ?? new Float64Array(classes).fill(1 / classes);
  const warnings: string[] = [];

  const { candidates, left } = gatherCandidates(options, samples);
  warnings.push(...left.map((message) => `Left out: ${message}`));
  const predictions = await predictAll(candidates, options);
  const outcomes = predictions.map((p, c) => outcomeOf(p, predictions[0], labels, candidates[c].strength));

  const folds = Math.min(options.folds ?? 5, Math.max(2, ...present));
  warnings.push(...warnAboutSize(present, options.folds ?? 5, folds));
  const foldOf = stratifiedFolds(labels, classes, folds, seed);
  const everyone = Int32Array.from({ length: samples }, (_, i) => i);
  const crossValidate = (among: readonly number[]) => {
    const correct = new Uint8Array(samples);
    const choices: number[] = [];
    for (let f = 0; f < folds; f++) {
      const others = everyone.filter((i) => foldOf[i] !== f);
      const { chosen } = oneStandardError(outcomes, among, others, labels, weights);
      choices.push(chosen);
      for (const i of everyone) if (foldOf[i] === f) correct[i] = outcomes[chosen].correct[i];
    }
    return { correct, choices };
  };

  const all = candidates.map((_, c) => c);
  const whole = oneStandardError(outcomes, all, everyone, labels, weights);
  const outOfFold = crossValidate(all);
  throwIfAborted(options.signal, 'choosing a head');
  const improvement = measureImprovement(outOfFold.correct, outcomes[0].correct, labels, weights, {
    replicates: bootstrap,
    seed: seed + 1,
  });
  const choice = (c: number): Choice => ({
    method: candidates[c].method,
    parameters: candidates[c].parameters,
  });
  const beyondNoise = whole.chosen !== 0 && improvement.significant;
  const candidate = { ...choice(whole.chosen), head: candidates[whole.chosen].head() };
  return {
    chosen: beyondNoise ? candidate : { ...choice(0), head },
    candidate,
    beyondNoise,
    improvement,
    table: candidates.map((_, c) => {
      const tally = tallyClasses(predictions[c], labels, classes);
      return {
        ...choice(c),
        average: summarizeAccuracy(tally).average,
        ...groupAccuracy(tally, groups),
        ...whole.standings[c],
      };
    }),
    methods: families(candidates).map((members) => {
      const { chosen } = oneStandardError(outcomes, members, everyone, labels, weights);
      const { convention } = candidates[chosen].parameters;
      return {
        method: candidates[chosen].method,
        ...(typeof convention === 'string' && { convention }),
        candidate: choice(chosen),
        outOfFold: weightedAccuracy(crossValidate(members).correct, labels, weights),
      };
    }),
    foldChoices: outOfFold.choices.map(choice),
    folds,
    samples,
    missingClasses,
    thresholds,
    warnings,
  };
}

/** The original head first, then the grid, then the extra candidates. */
function gatherCandidates<T extends FloatArray>(
  options: SelectOptions<T>,
  samples: number,
): { candidates: Candidate<T>[]; left: string[] } {
  const {
    head,
    logits,
    counts,
    methods = ['additive', 'multiplicative', 'tau-norm'],
    conventions = ['published-code', 'paper'],
    grids = {},
    targetPrior,
    candidates: extras = [],
  } = options;
  const grid = gridAdjustments(methods, grids, conventions);
  const made = adjustmentCandidates(head, logits, [{ method: 'none' }, ...grid], { counts, targetPrior });
  const extra = extras.map((candidate) => extraCandidate(candidate, head, samples));
  return { candidates: [...made.candidates, ...extra], left: made.left };
}

async function predictAll<T extends FloatArray>(
  candidates: readonly Candidate<T>[],
  { signal, onProgress }: SelectOptions<T>,
): Promise<Int32Array[]> {
  const predictions: Int32Array[] = [];
  let rested = platform.seconds();
  for (const candidate of candidates) {
    throwIfAborted(signal, 'scoring candidates');
    predictions.push(await candidate.predict());
    onProgress?.({ done: predictions.length, total: candidates.length });
    // Timers and clicks, an abort among them, only come through when this thread rests.
    if (platform.seconds() - rested > 0.05) {
      await new Promise((resolve) => setTimeout(resolve, 0));
      rested = platform.seconds();
    }
  }
  throwIfAborted(signal, 'scoring candidates');
  return predictions;
}

function outcomeOf(
  predictions: Int32Array,
  original: Int32Array,
  labels: ArrayLike<number>,
  strength: number,
): Outcome {
  return {
    correct: Uint8Array.from(predictions, (p, i) => (p === labels[i] ? 1 : 0)),
    changed: Uint8Array.from(predictions, (p, i) => (p !== original[i] ? 1 : 0)),
    strength,
  };
}

/** Positions of candidates, grouped by family, families in the order in which they come. */
function families(candidates: readonly Candidate[]): number[][] {
  const members = new Map<string, number[]>();
  candidates.forEach(({ family }, c) => {
    members.set(family, [...(members.get(family) ?? []), c]);
  });
  return [...members.values()];
}
