// Measurements put in order: blocks of models that may be compared, and figures over the seeds of each method.

import { meanAndSd } from '../timing.mjs';
import { cutOf, methodTitle, networkTitle } from './names.mjs';

/**
 * Models of one network, trained on the same data for as many epochs: what one block of a table is made from.
 * @typedef {object} Block
 * @property {string} dataset @property {number} imbalanceFactor @property {string} network @property {number} epochs
 * @property {string} title of the data set, for people
 * @property {Map<string, Measurement[]>} methods of each method at hand one measurement a seed, in the order of the seeds
 * @property {string[]} wanted those of the methods that were asked for
 * @property {string[]} leftOut a sentence for each model of such a method, of the same data and network, that is not in it
 *
 * @typedef {import('./measurement.mjs').Measurement} Measurement
 * @typedef {{ mean: number, sd: number, n: number }} Spread
 */

/** What tells one training of a method from another beside its seed. */
const KNOBS = {
  ...{ weightDecay: 'weight decay', beta: 'β', bnScale: 'γ of BN', featureRegularization: 'ζ' },
  ...{ etfBias: 'bias of the ETF', dropout: 'dropout' },
};

/**
 * The blocks of the models that `matches` accepts. Of several numbers of epochs a block has the one with the most of `methods`
 * (then with the most of all methods, then the longest); of several settings of one method the one with the best average on
 * validation; of several files with the same seed the first by name.
 *
 * @param {readonly Measurement[]} measurements
 * @param {{ matches?: (model: import('./measurement.mjs').MeasuredModel) => boolean, methods: readonly string[], first?: string }} options
 *   `first` is the network whose block comes first
 * @returns {Block[]}
 */
export function blocksOf(measurements, { matches = () => true, methods, first }) {
  const candidates = measurements.filter(({ model }) => matches(model));
  const families = groupBy(candidates, ({ model }) =>
    JSON.stringify([model.model !== first, model.dataset, cutOf(model), model.model]),
  );
  return [...families.keys()]
    .sort()
    .map((key) => blockOf(families.get(key), methods))
    .filter((block) => block !== undefined);
}

/** As Map.groupBy, which Node 20 has not. @template T, K @param {Iterable<T>} list @param {(item: T) => K} keyOf @returns {Map<K, T[]>} */
export function groupBy(list, keyOf) {
  const groups = new Map();
  for (const item of list) {
    const key = keyOf(item);
    if (!groups.has(key)) groups.set(key, []);
    groups.get(key).push(item);
  }
  return groups;
}

/** @returns {Block | undefined} */
function blockOf(family, wanted) {
  const lengths = groupBy(family, ({ model }) => model.epochs);
  const ranked = Array.from(lengths, ([epochs, list]) => {
    const all = [...new Set(list.map(({ model }) => model.method))];
    return { epochs, list, wanted: all.filter((method) => wanted.includes(method)).length, all: all.length };
  }).sort((a, b) => b.wanted - a.wanted || b.all - a.all || b.epochs - a.epochs);
  const [best, ...others] = ranked;
  if (best.wanted === 0) return undefined;
  const leftOut = others.flatMap((other) => whyLeftOut(other, best, wanted));
  const methods = new Map();
  for (const [method, runs] of groupBy(best.list, ({ model }) => model.method)) {
    const ofThis = [];
    methods.set(method, oneASeed(oneSetting(runs, ofThis), ofThis));
    if (wanted.includes(method)) leftOut.push(...ofThis);
  }
  const [{ title, model }] = best.list;
  return {
    ...{ dataset: model.dataset, imbalanceFactor: cutOf(model), network: model.model, epochs: best.epochs },
    ...{ title, methods, wanted: wanted.filter((method) => methods.has(method)), leftOut },
  };
}

function whyLeftOut({ epochs, list, wanted: methods }, best, wanted) {
  const reason =
    methods < best.wanted
      ? `more methods were trained for ${best.epochs} (${best.wanted} against ${methods})`
      : `the models of ${best.epochs} epochs are taken`;
  return list
    .filter(({ model }) => wanted.includes(model.method))
    .map(({ model }) => `${model.name} is left out: it was trained for ${epochs} epochs, and ${reason}.`);
}

/** Trainings with other knobs are another method: the one that validation prefers stays. */
function oneSetting(runs, leftOut) {
  const settings = [...groupBy(runs, ({ model }) => settingOf(model)).values()];
  if (settings.length === 1) return runs;
  const score = (list) => over(list, (run) => headOf(run, 'none')?.validation.average)?.mean ?? -1;
  const [best, ...others] = settings.sort((a, b) => score(b) - score(a));
  const chosen = settingOf(best[0].model);
  for (const { model } of others.flat()) {
    leftOut.push(
      `${model.name} is left out: of ${methodTitle(model.method)} validation prefers ${chosen} to ${settingOf(model)}.`,
    );
  }
  return best;
}

function settingOf(model) {
  return Object.entries(KNOBS)
    .filter(([knob]) => model[knob] !== undefined)
    .map(([knob, title]) => `${title} ${model[knob]}`)
    .join(', ');
}

function oneASeed(runs, leftOut) {
  const sorted = [...runs].sort(
    (a, b) => a.model.seed - b.model.seed || (a.model.name < b.model.name ? -1 : 1),
  );
  return sorted.filter((run, at) => {
    const [before] = sorted.slice(at - 1, at);
    if (at === 0 || before.model.seed !== run.model.seed) return true;
    leftOut.push(`${run.model.name} is left out: seed ${run.model.seed} is there already.`);
    return false;
  });
}

/**
 * Mean and sample standard deviation over the measurements that have the figure; undefined where none has it.
 * @param {readonly Measurement[] | undefined} runs
 * @param {(run: Measurement) => number | null | undefined} pick
 * @returns {Spread | undefined}
 */
export function over(runs, pick) {
  const values = (runs ?? []).map(pick).filter((value) => typeof value === 'number');
  return values.length > 0 ? meanAndSd(values) : undefined;
}

/** @param {Measurement} run @param {string} name @returns {import('./measurement.mjs').HeadFigures | undefined} */
export const headOf = (run, name) => run.heads.find((head) => head.name === name);

/** 'ResNet20, 40 epochs' @param {Block} block */
export const blockTitle = ({ network, epochs }) => `${networkTitle(network)}, ${epochs} epochs`;

/** 'seed 0; seeds 0, 1, 2 of WD': those of most methods first. @param {Block} block @param {(method: string) => string} [title] */
export function seedsText({ methods, wanted }, title = methodTitle) {
  const lists = groupBy(wanted, (method) => {
    const seeds = methods.get(method).map(({ model }) => model.seed);
    return `${seeds.length > 1 ? 'seeds' : 'seed'} ${seeds.join(', ')}`;
  });
  const [most, ...others] = [...lists].sort(([, a], [, b]) => b.length - a.length);
  return [most[0], ...others.map(([seeds, of]) => `${seeds} of ${of.map(title).join(', ')}`)].join('; ');
}
