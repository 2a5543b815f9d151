// The heads of the paper's tables on one model's features: adjusted with what validation chose, and fitted again.

import { adjust, evaluate, fit, headLogits, rowNorms, select } from 'onnx-tailor';

/** Weight balancing's second stage: with the paper's β, as published by its authors, and without MaxNorm. */
const SECOND_STAGES = {
  wb: { method: 'wb', beta: 1 },
  'wb-published': { method: 'wb' },
  'wb-norm': { method: 'wb-norm', beta: 1 },
};

const ADJUSTMENTS = {
  additive: { methods: ['additive'] },
  multiplicative: { methods: ['multiplicative'], conventions: ['paper'] },
  'multiplicative-code': { methods: ['multiplicative'], conventions: ['published-code'] },
};

/**
 * @typedef {object} HeadTask
 * @property {import('onnx-tailor').Model} model
 * @property {number} seed of the second stage's batches
 * @property {boolean} secondStage whether the head was trained, so that it can be trained on
 * @property {boolean} adjusted whether the classes differ enough in size for an adjustment to mean anything
 * @property {Record<import('./data.mjs').Part, import('onnx-tailor').FeatureSet>} sets
 * @property {{ many: number, few: number }} thresholds
 * @property {object} where device and threads
 */

/**
 * Every head, evaluated on validation and once on test.
 * @param {HeadTask} task
 * @returns {Promise<{ figures: import('./measurement.mjs').HeadFigures[], heads: Map<string, import('onnx-tailor').LinearHead> }>}
 */
export async function measureHeads(task) {
  const { model, sets, where } = task;
  const counts = model.trainCounts;
  const heads = new Map([['none', { head: model.head, chosen: {} }]]);
  if (task.adjusted) {
    for (const [name, options] of Object.entries(ADJUSTMENTS)) {
      const chosen = await bestOnValidation(task, options);
      heads.set(name, { head: adjust(model.head, { ...chosen, counts }), chosen: withoutMethod(chosen) });
    }
  }
  if (task.adjusted && task.secondStage) {
    const settings = Object.values(SECOND_STAGES).map((stage) => ({ ...stage, seed: task.seed }));
    const fits = await fit(sets.train, settings, { counts, init: model.head, ...where });
    for (const [place, name] of Object.keys(SECOND_STAGES).entries()) {
      heads.set(name, { head: fits[place].head, chosen: {} });
    }
  }
  const figures = [];
  for (const [name, { head, chosen }] of heads) {
    const validation = await accuracyOf(head, sets.validation, task);
    const test = await accuracyOf(head, sets.test, task);
    const { perClass: _perClass, ...groups } = validation;
    figures.push({ name, chosen, validation: groups, test, weightNorms: Array.from(rowNorms(head)) });
  }
  return { figures, heads: new Map(Array.from(heads, ([name, { head }]) => [name, head])) };
}

/**
 * The parameter with the best average over classes on validation, as the paper has it ('select' itself is more careful: of
 * those within one standard error it takes the one that changes least). Of equal ones the one that changes least.
 */
async function bestOnValidation({ model, sets: { validation }, where }, options) {
  const { table } = await select({
    head: model.head,
    logits: await headLogits(model.head, validation.features, where),
    labels: validation.labels,
    counts: model.trainCounts,
    ...options,
    bootstrap: 100, // its interval is not looked at
  });
  const [, ...rows] = table;
  rows.sort((a, b) => b.score - a.score || a.change - b.change);
  const [{ method, parameters }] = rows;
  return { method, ...parameters };
}

async function accuracyOf(head, { features, labels }, { model, thresholds, where }) {
  const { average, many, medium, few, perClass } = evaluate({
    logits: await headLogits(head, features, where),
    labels,
    counts: model.trainCounts,
    thresholds,
    bootstrap: 0,
  });
  return { average, many, medium, few, perClass };
}

const withoutMethod = ({ method: _method, convention: _convention, ...parameters }) => parameters;
