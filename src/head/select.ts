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
import { countLabels } from '../array/class-counts.js';
import { throwIfAborted } from '../array/errors.js';
import type { FloatArray } from '../array/matrix.js';
import { summarizeAccuracy, tallyClasses } from '../evaluation/accuracy.js';
import { defaultThresholds, groupAccuracy, groupClasses } from '../evaluation/groups.js';
import {
  adjustmentCandidates,
  type Candidate,
  extraCandidate,
  gridAdjustments,
  isWithin,
  TOO_LARGE,
} from './candidates.js';
import { weightedAccuracy } from './class-shares.js';
import { stratifiedFolds } from './folds.js';
import { measureImprovement } from './improvement.js';
import { type Outcome, oneStandardError } from './one-standard-error.js';
import { restBetween } from './rest.js';
import { assertSelectOptions, SELECTING, warnAboutSize } from './select-checks.js';
import type { Choice, MethodSummary, Selection, SelectOptions } from './selection.js';
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
  const thresholds = options.thresholds ?? defaultThresholds(classes);
  const groups = groupClasses(counts, thresholds);
  const q = resolveTargetPrior(targetPrior, classes, SELECTING);
  const weights = q ?? new Float64Array(classes).fill(1 / classes);

  const { candidates, left } = gatherCandidates(options, labels.length);
  const predictions = await predictAll(candidates, options);
  const outcomes = predictions.map((p, c) => outcomeOf(p, predictions[0], labels, candidates[c].strength));

  const wanted = options.folds ?? 5;
  const present = countLabels(labels, classes);
  const folds = Math.min(
    wanted,
    present.reduce((most, n) => Math.max(most, n), 2),
  );
  const scoring: Scoring = {
    outcomes,
    labels,
    weights,
    folds,
    foldOf: stratifiedFolds(labels, classes, folds, seed),
    everyone: Int32Array.from({ length: labels.length }, (_, i) => i),
  };
  const whole = chooseAmong(scoring, [...candidates.keys()]);
  throwIfAborted(options.signal, 'choosing a head');
  const improvement = measureImprovement(whole.correct, outcomes[0].correct, labels, weights, {
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
    row: whole.chosen,
    beyondNoise,
    improvement,
    table: candidates.map((_, c) => {
      const tally = tallyClasses(predictions[c], labels, classes);
      const { average } = summarizeAccuracy(tally);
      return { ...choice(c), average, ...groupAccuracy(tally, groups), ...whole.standings[c] };
    }),
    methods: families(candidates).map((members) => summarizeMethod(scoring, members, choice)),
    foldChoices: whole.foldChoices.map(choice),
    folds,
    samples: labels.length,
    missingClasses,
    thresholds,
    warnings: [...left.map((message) => `Left out: ${message}`), ...warnAboutSize(present, wanted, folds)],
  };
}

/** What the rule and its cross-validation look at. */
interface Scoring {
  readonly outcomes: readonly Outcome[];
  readonly labels: ArrayLike<number>;
  /** v_k, [C]. */
  readonly weights: ArrayLike<number>;
  readonly folds: number;
  /** [N]. */
  readonly foldOf: Int32Array;
  /** 0 … N−1. */
  readonly everyone: Int32Array;
}

/**
 * The rule's choice among the candidates at `among`: on all samples, and for each fold on the others. `correct`, [N], are
 * the out-of-fold hits: each sample is answered by the choice that was made without its fold.
 */
function chooseAmong({ outcomes, labels, weights, folds, foldOf, everyone }: Scoring, among: number[]) {
  const correct = new Uint8Array(everyone.length);
  const foldChoices: number[] = [];
  for (let f = 0; f < folds; f++) {
    const others = everyone.filter((i) => foldOf[i] !== f);
    const { chosen } = oneStandardError(outcomes, among, others, labels, weights);
    foldChoices.push(chosen);
    for (const i of everyone) if (foldOf[i] === f) correct[i] = outcomes[chosen].correct[i];
  }
  const { chosen, standings } = oneStandardError(outcomes, among, everyone, labels, weights);
  return { chosen, standings, correct, foldChoices };
}

function summarizeMethod(
  scoring: Scoring,
  members: number[],
  choice: (candidate: number) => Choice,
): MethodSummary {
  const { chosen, correct } = chooseAmong(scoring, members);
  const candidate = choice(chosen);
  const { convention } = candidate.parameters;
  return {
    method: candidate.method,
    ...(typeof convention === 'string' && { convention }),
    candidate,
    outOfFold: weightedAccuracy(correct, scoring.labels, scoring.weights),
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
    largestNumber,
  } = options;
  const grid = gridAdjustments(methods, grids, conventions);
  const adjustments = [{ method: 'none' } as const, ...grid];
  const made = adjustmentCandidates(head, logits, adjustments, { counts, targetPrior }, largestNumber);
  const extra = extras.map((candidate) => extraCandidate(candidate, head, samples));
  const within = extra.filter((candidate) => isWithin(candidate.head(), largestNumber));
  const beyond = extra.filter((candidate) => !within.includes(candidate));
  return {
    candidates: [...made.candidates, ...within],
    left: [...made.left, ...beyond.map(({ method }) => `${method}: ${TOO_LARGE}.`)],
  };
}

async function predictAll<T extends FloatArray>(
  candidates: readonly Candidate<T>[],
  { signal, onProgress }: SelectOptions<T>,
): Promise<Int32Array[]> {
  const predictions: Int32Array[] = [];
  const rest = restBetween();
  for (const candidate of candidates) {
    throwIfAborted(signal, 'scoring candidates');
    predictions.push(await candidate.predict());
    onProgress?.({ done: predictions.length, total: candidates.length });
    await rest();
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
