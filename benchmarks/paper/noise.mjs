// Whether a difference is more than noise.
//
// A figure of a method scatters from one training to the next. How much is pooled over all methods of a block that were trained with
// several seeds, and a difference of two means counts where it is beyond the 95 % interval that this scatter allows. Accuracies
// scatter with the choice of test samples as well, which more seeds do not help. What was trained with one seed only, in a block
// with nothing to learn the scatter from, has to differ by a margin.

import { headOf } from './aggregate.mjs';

/**
 * @typedef {import('./measurement.mjs').Measurement} Measurement
 * @typedef {import('./aggregate.mjs').Block} Block
 *
 * @typedef {object} Figure something measured on every model
 * @property {string} name for people
 * @property {(run: Measurement) => number | null | undefined} pick
 * @property {(value: number) => string} format
 * @property {'ratio' | 'difference'} scale what scatters evenly: positive figures by ratios, others by differences
 * @property {number} margin that counts where nothing is known of the scatter: a share for ratios
 * @property {(run: Measurement) => number} [testVariance] of the choice of test samples
 *
 * @typedef {{ method: string, figure: Figure }} Side
 *
 * @typedef {object} Comparison
 * @property {'more' | 'less' | 'same'} outcome of the left side against the right one; 'same': within noise
 * @property {[number, number]} means
 * @property {[number, number]} seeds
 * @property {'seeds' | 'test samples' | 'margin'} noise what it was compared with
 */

/** 0.975 quantiles of Student's t by degrees of freedom, from 1. */
const STUDENT = [12.71, 4.3, 3.18, 2.78, 2.57, 2.45, 2.36, 2.31, 2.26, 2.23];
const NORMAL = 1.96;

/** @param {number} degrees */
export const studentQuantile = (degrees) => STUDENT[degrees - 1] ?? NORMAL + 2.6 / degrees;

/**
 * Left against right; undefined where one of them was not measured.
 * @param {Block} block @param {Side} left @param {Side} right @returns {Comparison | undefined}
 */
export function compare(block, left, right) {
  const sides = [left, right].map(({ method, figure }) => sideOf(block.methods.get(method), figure));
  if (sides.some(({ values }) => values.length === 0)) return undefined;
  const [a, b] = sides;
  const paired = left.method === right.method && a.values.length === b.values.length;
  const difference = mean(a.values) - mean(b.values);
  const scatter = paired
    ? pairedScatter(a.values, b.values)
    : pooledScatter(block, [left.figure, right.figure], a, b);
  const testNoise = NORMAL * Math.sqrt(a.testVariance + b.testVariance);
  const ofTest = left.figure.testVariance !== undefined;
  const known = scatter !== undefined;
  const threshold = known || ofTest ? Math.hypot(scatter ?? 0, testNoise) : marginOf(left.figure);
  return {
    outcome: Math.abs(difference) <= threshold ? 'same' : difference > 0 ? 'more' : 'less',
    means: sides.map(({ raw }) => mean(raw)),
    seeds: sides.map(({ values }) => values.length),
    noise: known ? 'seeds' : ofTest ? 'test samples' : 'margin',
  };
}

function sideOf(runs = [], { pick, testVariance, ...figure }) {
  const forwards = FORWARDS[figure.scale];
  const present = runs.filter((run) => Number.isFinite(pick(run)) && Number.isFinite(forwards(pick(run))));
  return {
    raw: present.map(pick),
    values: present.map((run) => forwards(pick(run))),
    // All seeds are tested on the same samples.
    testVariance: testVariance && present.length > 0 ? mean(present.map(testVariance)) : 0,
  };
}

/** The 95 % interval of a difference of means, from the scatter around the mean of each method with several seeds. */
function pooledScatter(block, figures, a, b) {
  let squares = 0;
  let degrees = 0;
  for (const figure of new Set(figures)) {
    for (const runs of block.methods.values()) {
      const { values } = sideOf(runs, figure);
      if (values.length < 2) continue;
      squares += squaresOf(values);
      degrees += values.length - 1;
    }
  }
  if (degrees === 0) return undefined;
  return (
    studentQuantile(degrees) * Math.sqrt((squares / degrees) * (1 / a.values.length + 1 / b.values.length))
  );
}

/** The same models on both sides: the differences scatter, not the models. */
function pairedScatter(a, b) {
  if (a.length < 2) return undefined;
  const variance = squaresOf(a.map((value, i) => value - b[i])) / (a.length - 1);
  return studentQuantile(a.length - 1) * Math.sqrt(variance / a.length);
}

const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;

function squaresOf(values) {
  const centre = mean(values);
  return values.reduce((sum, value) => sum + (value - centre) ** 2, 0);
}

/** Onto the scale on which a figure scatters evenly. */
const FORWARDS = { ratio: Math.log, difference: (value) => value };
const marginOf = ({ scale, margin }) => (scale === 'ratio' ? Math.log1p(margin) : margin);

/**
 * Accuracy of a head on test, over all classes or those of a group.
 * @param {string} name of the head @param {'average' | 'many' | 'medium' | 'few'} group @returns {Figure} the same object for the same head and group
 */
export function accuracy(name, group) {
  const key = `${name} ${group}`;
  if (!ACCURACIES.has(key)) ACCURACIES.set(key, accuracyFigure(name, group));
  return ACCURACIES.get(key);
}

const ACCURACIES = new Map();

function accuracyFigure(name, group) {
  return {
    name: group === 'average' ? 'average' : `accuracy of ${group}`,
    pick: (run) => headOf(run, name)?.test[group],
    format: (share) => `${(100 * share).toFixed(1)} %`,
    ...{ scale: 'difference', margin: 0 },
    testVariance: (run) => {
      const all = headOf(run, name).test.perClass;
      const shares = all.filter(
        (share, k) => share !== null && (group === 'average' || run.groups[k] === group),
      );
      const samples = run.test.samples / all.filter((share) => share !== null).length;
      const variances = shares.map((share) => (share * (1 - share)) / samples);
      return variances.reduce((sum, variance) => sum + variance, 0) / shares.length ** 2;
    },
  };
}
