// The figures that the claims speak of.

import { digits } from '../tables/format.mjs';

/** @typedef {import('../noise.mjs').Figure} Figure @typedef {import('../measurement.mjs').Measurement} Measurement */

/** Where one training each is all that there is, Fisher's ratios and norms have to differ by a tenth. */
const TENTH = 0.1;

const ratio = (name, pick) => ({ name, pick, format: digits, scale: 'ratio', margin: TENTH });
const cosine = (name, pick) => ({
  ...{ name, pick, format: (value) => value.toFixed(2), scale: 'difference' },
  margin: 0.02,
});

/** @type {Record<'train' | 'test', Figure>} */
export const FDR = {
  train: ratio('train FDR', ({ train }) => train.fdr.samples),
  test: ratio('test FDR', ({ test }) => test.fdr.samples),
};

/** @type {Figure} */
export const DIFFERENT_CLASS = cosine('cosine between classes', ({ train }) => train.cosine.differentClass);

/** @type {Figure} */
export const SAME_CLASS = cosine('cosine within classes', ({ train }) => train.cosine.sameClass);

/** @type {Figure} */
export const FEATURE_NORM = ratio('length of features', ({ train }) => meanOf(train.featureNorms));

/** @type {Figure} */
export const BN_SCALE = ratio('mean scale of BN', ({ batchNorm }) => batchNorm?.scaleMean);

/** @param {'average' | 'many' | 'medium' | 'few'} group @returns {Figure} */
const forgetting = (group) =>
  ratio(
    group === 'average' ? 'forgetting score' : `forgetting score of ${group}`,
    (run) => run.forgetting?.[group],
  );
export const FORGETTING = {
  average: forgetting('average'),
  many: forgetting('many'),
  few: forgetting('few'),
};

/** @param {readonly (number | null | undefined)[]} values @returns {number | undefined} */
export function meanOf(values) {
  const known = values.filter((value) => typeof value === 'number');
  return known.length > 0 ? known.reduce((sum, value) => sum + value, 0) / known.length : undefined;
}

/** Mean over the classes of a group. @param {Measurement} run @param {readonly (number | null)[]} values @param {'many' | 'medium' | 'few'} group */
export const groupMean = (run, values, group) => meanOf(values.filter((_, k) => run.groups[k] === group));

/** Many against few; undefined where a group has no class. @param {Measurement} run @param {readonly (number | null)[]} values */
export function manyToFew(run, values) {
  const [many, few] = ['many', 'few'].map((group) => groupMean(run, values, group));
  return many !== undefined && few > 0 ? many / few : undefined;
}

/** @param {{ methods: Map<string, Measurement[]> }} block */
export function isLongTailed({ methods }) {
  const [[{ counts }]] = methods.values();
  return Math.max(...counts) >= 2 * Math.min(...counts);
}

/** @param {{ methods: Map<string, Measurement[]> }} block */
export function classesOf({ methods }) {
  const [[{ counts }]] = methods.values();
  return counts.length;
}
