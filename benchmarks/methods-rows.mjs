// The rows of the table of methods: heads fitted on training features, every parameter chosen on validation.

import { adjust, headLogits, select } from 'onnx-tailor';
import { chooseFit, fittedCandidates } from '../dist/head/choose-fit.js';
import { fit } from '../dist/head/fit.js';

/** Each grid begins with the default: what is chosen within one standard error changes least against the first. */
const LINEAR_DECAYS = [1e-4, 1e-3, 1e-2, 1e-1];
const LINEAR_LOSSES = [{ loss: 'ce' }, { loss: 'cb', beta: 1 }, { loss: 'balanced-softmax' }];
const WB_GRID = [0.1, 0.001, 0.003, 0.01, 0.03, 0.3].flatMap((weightDecay) =>
  [0.9999, 1].flatMap((beta) => [0.01, 0.1].map((learningRate) => ({ weightDecay, beta, learningRate }))),
);

/**
 * @typedef {object} Row
 * @property {string} name
 * @property {import('onnx-tailor').LinearHead} head
 * @property {string} chosen what validation decided
 * @property {boolean} drawn whether it depends on the seed
 */

/** What all seeds share: the head of stage 1 and the fits that have nothing to draw. */
export async function oncePerTask(task, threads) {
  const { train, validation, counts, thresholds, model } = task;
  const where = { device: 'cpu', threads };
  const own = model.location.classes === counts.length;
  const linears = [];
  for (const loss of LINEAR_LOSSES) {
    const grid = LINEAR_DECAYS.map((weightDecay) => ({
      method: 'linear',
      ...loss,
      weightDecay,
      tolerance: 1e-4,
    }));
    linears.push(await fit(train, grid, { counts, ...where }));
  }
  const choose = (fits) => chooseFit(fits, validation, { counts, thresholds, ...where });
  const [ce, cb, balanced] = await Promise.all(linears.map(async (fits) => (await choose(fits)).fit));
  const base = own ? model.head : ce.head;
  const formulas = await fit(
    train,
    [{ method: 'lws' }, { method: 'ncm' }, { method: 'ncm', distance: 'cosine' }, { method: 'etf' }],
    { counts, init: base, ...where },
  );
  const [lws, ...rest] = formulas;
  const [etf] = rest.splice(2);
  return {
    ...{ task, where, base, own, choose, ce, cb, balanced, lws, etf },
    ncm: (await choose(rest)).fit,
    fixed: [...linears.flat(), ...formulas],
    about: own
      ? "Stage 1 is the model's own head."
      : "The network's own head has other classes: stage 1 is a linear classifier with cross-entropy.",
  };
}

/** @returns {Promise<Row[]>} */
export async function rowsOfSeed(once, seed) {
  const { task, where, base, own, choose, ce, cb, balanced, lws, ncm, etf, fixed } = once;
  const { train, counts } = task;
  const drawnFits = await fit(
    train,
    [
      ...WB_GRID.map((settings) => ({ method: 'wb', ...settings, seed })),
      { method: 'wb-norm', seed },
      { method: 'etf', rotation: 'random', seed },
    ],
    { counts, init: base, ...where },
  );
  const grid = drawnFits.slice(0, WB_GRID.length);
  const [wbNorm, etfRandom] = drawnFits.slice(WB_GRID.length);
  const adjusted = (name, head, method, conventions) =>
    adjustedRow(name, once, head, { methods: [method], conventions });
  const fixedRow = (name, fitted) => rowOf(name, fitted, false);

  const rows = [
    { name: own ? 'original head' : `linear, ce (stage 1)`, head: base, chosen: '', drawn: false },
  ];
  if (!own) rows[0].chosen = settingsOf(ce);
  if (seed === 0) {
    rows.push(
      await adjusted('+ additive', base, 'additive'),
      await adjusted('+ multiplicative, paper', base, 'multiplicative', ['paper']),
      await adjusted('+ multiplicative, published code', base, 'multiplicative', ['published-code']),
      await adjusted('+ tau-norm', base, 'tau-norm'),
    );
  }
  rows.push(
    rowOf('wb, published', grid[0], true, ''),
    rowOf(
      'wb, β = 1',
      grid[
        WB_GRID.findIndex(
          ({ beta, weightDecay, learningRate }) => beta === 1 && weightDecay === 0.1 && learningRate === 0.01,
        )
      ],
      true,
      '',
    ),
    rowOf('wb, grid', (await choose(grid)).fit, true),
    rowOf('wb-norm, published', wbNorm, true, ''),
  );
  if (seed === 0) {
    rows.push(fixedRow('lws', lws), fixedRow('ncm', ncm));
    if (own) {
      rows.push(fixedRow('linear, ce', ce));
      rows.push(await adjusted('linear, ce + multiplicative', ce.head, 'multiplicative'));
    }
    rows.push(fixedRow('linear, cb (β = 1)', cb), fixedRow('linear, balanced-softmax', balanced));
    rows.push(fixedRow('etf, turned to class means', etf));
    rows.push(await adjusted('etf + multiplicative', etf.head, 'multiplicative'));
  }
  rows.push(rowOf('etf, random rotation', etfRandom, true, ''));
  const everything = await selectAmong(once, base, {
    seed,
    candidates: [...grid, wbNorm, etfRandom, ...fixed],
  });
  rows.push(
    { ...shown(everything.chosen), name: 'auto: everything above', drawn: true },
    { ...shown(everything.candidate), name: 'auto, even within noise', drawn: true },
  );
  return rows;
}

/** The rule's choice among the adjustments alone: without the head that they adjust. */
async function adjustedRow(name, once, head, options) {
  const { methods } = await selectAmong(once, head, options);
  const [best] = methods.filter(({ method }) => method !== 'none').sort((a, b) => b.outOfFold - a.outOfFold);
  const { method, parameters } = best.candidate;
  const adjustedHead = adjust(head, { method, ...parameters, counts: once.task.counts });
  return { name, head: adjustedHead, chosen: settingsOf({ method, parameters }), drawn: false };
}

async function selectAmong({ task, where }, head, { candidates = [], ...options }) {
  const { validation, counts, thresholds } = task;
  return select({
    ...{ head, counts, thresholds, ...options },
    logits: await headLogits(head, validation.features, where),
    labels: validation.labels,
    candidates: fittedCandidates(candidates, validation, where),
  });
}

const shown = ({ method, parameters, head }) => ({ head, chosen: settingsOf({ method, parameters }, true) });

/** @returns {Row} */
function rowOf(name, fitted, drawn, chosen = settingsOf(fitted)) {
  return { name, head: fitted.head, chosen, drawn };
}

/** The settings that validation may have decided. */
function settingsOf({ method, parameters }, withMethod = false) {
  const all = ['tau', 'gamma', 'convention', 'distance', 'loss', 'weightDecay', 'beta', 'learningRate'];
  const decides = {
    linear: withMethod ? ['loss', 'weightDecay'] : ['weightDecay'],
    lws: [],
    etf: withMethod ? ['rotation'] : [],
  };
  const list = (decides[method] ?? all)
    .filter((name) => parameters[name] !== undefined && !(name === 'loss' && method !== 'linear'))
    .map((name) => `${name} ${parameters[name]}`);
  return [...(withMethod ? [method] : []), ...list].join(', ');
}
