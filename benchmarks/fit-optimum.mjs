// To the optimum: fitLbfgs and scikit-learn's LogisticRegression stop at the same gradient norm of the same objective.

import { join } from 'node:path';
import { linearHead, readNpz, writeNpz } from 'onnx-tailor';
import { fitLbfgs } from '../dist/head/fit-lbfgs.js';
import { objective } from '../dist/head/objective.js';
import { cifar10Lt } from './feature-sets.mjs';
import { whyMissing } from './peers.mjs';
import { formatSeconds, markdownTable } from './table.mjs';
import { secondsOf, takeTurns } from './timing.mjs';

/** λ of `linear`; tolerances: scikit-learn's default, and that of `fit`. */
const WEIGHT_DECAY = 1e-4;
const TOLERANCES = [
  { tolerance: 1e-4, repetitions: 3 },
  { tolerance: 1e-6, repetitions: 2 },
];
const MAX_ITERATIONS = 1000;
/** Seconds after which a setting gets no further turn. */
const BUDGET = 50;
const OURS = 'onnx-tailor';

/** @param {import('./fit.mjs').Bench} bench */
export async function benchOptimum(bench) {
  const missing = whyMissing(bench.peers, 'sklearn');
  const settings = [];
  for (const { data, name } of await problems(bench)) {
    if ('ask' in bench.peers) await bench.peers.ask('load', { path: await writeSamples(bench, data) });
    for (const { tolerance, repetitions } of TOLERANCES.slice(0, bench.quick ? 1 : 2)) {
      const measured = await benchSetting({ ...bench, data }, { tolerance, repetitions }, missing);
      settings.push({ problem: name, weightDecay: WEIGHT_DECAY, tolerance, ...measured });
    }
  }
  const table = markdownTable(
    [
      '(b) to ‖∇‖∞ ≤ tolerance',
      'tolerance',
      'median',
      'min',
      'max',
      '× onnx-tailor',
      'steps',
      '‖∇‖∞',
      'objective',
    ],
    settings.flatMap(({ problem, tolerance, fits }) =>
      Object.entries(fits).map(([name, { seconds, iterations, gradientNorm, value }]) => [
        `${problem}: ${name}`,
        tolerance.toExponential(0),
        ...[seconds.median, seconds.min, seconds.max].map(formatSeconds),
        (seconds.median / fits[OURS].seconds.median).toFixed(2),
        String(iterations),
        `${gradientNorm.toExponential(1)}${gradientNorm <= tolerance ? '' : ' (not met)'}`,
        value.toFixed(9),
      ]),
    ),
  );
  const note = missing
    ? `scikit-learn: not measured, ${missing}.`
    : 'Cross-entropy + λ/2 ‖W‖², λ = 1e−4 (C = 1/(N λ)), bias without decay, from zeros. Gradient and objective are those of the ' +
      'heads as they came out, computed in float64 TypeScript; a fit beyond its tolerance stopped early, and does not count.';
  return { markdown: `${table}\n\n${note}`, settings, sklearnMissing: missing };
}

/** The synthetic problem, and features of a real network where they can be had. */
async function problems({ data, quick }) {
  const list = [{ name: 'synthetic', data }];
  if (quick) return list;
  try {
    const { train } = await cifar10Lt();
    const { features, labels, classCount: classes } = train;
    list.push({ name: 'CIFAR10-LT', data: { features, labels, classes } });
  } catch (error) {
    console.log(`\n(b) on CIFAR10-LT features: left out, ${error.message}`);
  }
  return list;
}

async function writeSamples({ folder }, { features, labels }) {
  const path = join(folder, 'samples.npz');
  const entries = {
    features: { data: features.data, shape: features.shape },
    labels: { data: labels, shape: [labels.length] },
  };
  await writeNpz(path, entries, { overwrite: true });
  return path;
}

async function benchSetting({ data, threads, ownThreads, peers, folder, quick }, setting, missing) {
  const { tolerance, repetitions } = setting;
  const weightDecay = WEIGHT_DECAY;
  const results = {};
  const contestants = {
    [OURS]: () =>
      secondsOf(async () => {
        const options = { weightDecay, decayBias: false, tolerance, maxIterations: MAX_ITERATIONS };
        results[OURS] = await fitLbfgs(data, options, { threads: ownThreads });
      }),
  };
  for (const dtype of missing ? [] : ['float64', 'float32']) {
    const name = `scikit-learn, ${dtype}`;
    const out = join(folder, `${dtype}.npz`);
    const request = {
      threads,
      dtype,
      tolerance,
      weight_decay: weightDecay,
      max_iterations: MAX_ITERATIONS,
      out,
    };
    contestants[name] = async () => {
      const { seconds, iterations, warnings } = await peers.ask('sklearn_lbfgs', request);
      results[name] = { iterations, warnings, head: await readHead(out) };
      return seconds;
    };
  }
  const spreads = await takeTurns(contestants, {
    repetitions: quick ? 1 : repetitions,
    warmUp: false,
    budget: BUDGET,
  });
  const fits = {};
  for (const [name, { head, iterations, warning, warnings }] of Object.entries(results)) {
    const { value, gradientNorm } = objective(head, data, { weightDecay, decayBias: false });
    fits[name] = {
      ...{ seconds: spreads[name], iterations, value, gradientNorm },
      warnings: warning ? [warning] : (warnings ?? []),
    };
  }
  // scikit-learn's better time, of those that got there.
  const valid = Object.entries(fits).filter(
    ([name, { gradientNorm }]) => name !== OURS && gradientNorm <= tolerance,
  );
  const fastest = Math.min(...valid.map(([, { seconds }]) => seconds.median));
  const ratioToSklearn = valid.length > 0 ? fastest / fits[OURS].seconds.median : null;
  return { fits, ratioToSklearn };
}

async function readHead(path) {
  const entries = await readNpz(path);
  const { data, shape } = entries.get('weight');
  return linearHead(data, entries.get('bias').data, shape[0], shape[1]);
}
