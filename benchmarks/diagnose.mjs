// `npm run bench -- diagnose`: diagnosis of features of ImageNet-LT's size, beside numpy and PyTorch.

import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { diagnoseFeatures } from './diagnose-features.mjs';
import { root } from './feature-sets.mjs';
import { describeMachine, machineFacts } from './machine.mjs';
import { formatSeconds, markdownTable } from './table.mjs';
import { spread } from './timing.mjs';

/** ImageNet-LT through a ResNet-50. */
const FULL = { samples: 115_846, dimensions: 2048, classes: 1000 };
const QUICK = { samples: 10_000, dimensions: 512, classes: 100 };

const FISHER = 'onnx-tailor: statistics and Fisher ratio';
const DIAGNOSE = 'onnx-tailor: diagnose, all of it';
const PEERS = {
  numpy: 'numpy, class by class (as published)',
  torch: 'PyTorch, class by class (as published)',
  'torch-chunks': 'PyTorch, in chunks',
};

/**
 * @param {{ threads: number, quick: boolean, out: string, samples?: number, dimensions?: number, classes?: number }} options
 */
export async function benchDiagnose({ threads, quick, out, ...size }) {
  const problem = { ...(quick ? QUICK : FULL), ...given(size), seed: 0 };
  const path = await diagnoseFeatures(problem);
  const machine = await machineFacts(threads);
  const versions = python(['versions'], threads);
  if (!versions.missing) Object.assign(machine.versions, versions);
  const has = {
    numpy: !versions.missing,
    torch: Boolean(versions.torch),
    'torch-chunks': Boolean(versions.torch),
  };

  // In turns: what slows the machine down slows all of them down.
  const runs = { [FISHER]: [], [DIAGNOSE]: [] };
  const stages = [];
  for (const [name, line] of Object.entries(PEERS)) if (has[name]) runs[line] = [];
  for (let turn = 0; turn < (quick ? 1 : 2); turn++) {
    stages.push(own('products', path, threads));
    runs[FISHER].push(own('fisher', path, threads));
    const all = own('diagnose', path, threads);
    if (all.missing) delete runs[DIAGNOSE];
    else runs[DIAGNOSE]?.push(all);
    for (const [name, line] of Object.entries(PEERS)) {
      if (has[name]) runs[line].push(python([name, path], threads));
    }
  }

  const [wanted] = runs[FISHER];
  const rows = Object.entries(runs).map(([name, list]) => {
    const failed = list.find(({ missing }) => missing);
    if (failed) return [name, failed.missing, '', '', ''];
    const work = spread(list.map(({ seconds: { read: _, ...rest } }) => total(rest)));
    const difference = Math.max(...list.map(({ value }) => Math.abs(value - wanted.value) / wanted.value));
    return [
      name,
      formatSeconds(spread(list.map(({ seconds }) => seconds.read)).median),
      formatSeconds(work.median),
      `${Math.max(...list.map(({ peakGiB }) => peakGiB)).toFixed(2)} GiB`,
      list === runs[FISHER] ? '' : difference.toExponential(0),
    ];
  });
  const table = markdownTable(['', 'reading', 'computing', 'peak memory', 'Fisher ratio off by'], rows);
  const best = stageFigures(stages, runs[FISHER]);
  const text = [
    '# Speed of diagnosis',
    describeMachine(machine),
    `N = ${problem.samples}, D = ${problem.dimensions}, C = ${problem.classes} (diagnose-features.mjs, seed 0); each line a process of its own, ` +
      `median of ${runs[FISHER].length}.`,
    table,
    versions.missing ? `Peers: not measured, ${versions.missing}.` : '',
    best.markdown,
    `Rank ${wanted.rank} of ${problem.dimensions}, condition ${wanted.condition.toExponential(1)}, Fisher ratio ${wanted.value.toPrecision(10)}.`,
  ]
    .filter(Boolean)
    .join('\n\n');
  console.log(`\n${text}`);
  const { markdown: _, ...figures } = best;
  const result = { machine, problem, runs, stages, figures };
  writeFileSync(join(out, 'diagnose.json'), `${JSON.stringify(result, undefined, 2)}\n`);
  writeFileSync(join(out, 'diagnose.md'), `${text}\n`);
}

function stageFigures(stages, fisher) {
  const median = (list, stage) => spread(list.map(({ seconds }) => seconds[stage])).median;
  const [{ gramOperations, wholeOperations }] = stages;
  const rate = spread(stages.map(({ gemmGflops }) => gemmGflops)).median;
  const gram = median(stages, 'gram');
  const reached = gramOperations / gram / 1e9;
  const decomposition = median(stages, 'decomposition');
  const rows = [
    ["the machine's float64 product of 2048 × 2048", '', `${rate.toFixed(1)} GFLOP/s`],
    [
      'products of the scatter (blocks on and above the diagonal)',
      formatSeconds(gram),
      `${reached.toFixed(1)} GFLOP/s`,
    ],
    ['the same as one whole product at the machine’s rate', formatSeconds(wholeOperations / rate / 1e9), ''],
    ['all of collectStatistics', formatSeconds(median(fisher, 'statistics')), ''],
    ['decomposition (pivoted Cholesky)', formatSeconds(decomposition), ''],
    ['condition estimate', formatSeconds(median(stages, 'condition')), ''],
    ['all of fisherRatio', formatSeconds(median(fisher, 'fisher')), ''],
  ];
  const shareOfRate = reached / rate;
  const note =
    `The products run at ${Math.round(100 * shareOfRate)} % of the machine's rate; the decomposition takes ` +
    `${(decomposition / gram).toFixed(2)} of their time.`;
  return {
    markdown: `${markdownTable(['stages', 'time', 'rate'], rows)}\n\n${note}`,
    gemmGflops: rate,
    gramGflops: reached,
    shareOfRate,
    gramSeconds: gram,
    decompositionSeconds: decomposition,
  };
}

function own(what, path, threads) {
  return child(process.execPath, [
    join(root, 'benchmarks/diagnose-run.mjs'),
    what,
    path,
    '--threads',
    String(threads),
  ]);
}

function python(args, threads) {
  const command = process.env.TAILOR_PYTHON ?? 'python3';
  return child(command, [join(root, 'benchmarks/diagnose-peers.py'), ...args, '--threads', String(threads)], {
    optional: true,
  });
}

/** The JSON that a process prints; for an optional one `{ missing }` where it fails. */
function child(command, args, { optional = false } = {}) {
  const { status, stdout, stderr, error } = spawnSync(command, args, { encoding: 'utf8' });
  if (status === 0) {
    const answer = JSON.parse(stdout);
    if (answer.seconds)
      process.stderr.write(`${args.slice(0, 2).join(' ')}: ${total(answer.seconds).toFixed(2)} s\n`);
    return answer;
  }
  const why = error?.message ?? stderr.trim().split('\n').at(-1);
  if (optional) return { missing: `${command}: ${why}` };
  throw new Error(`${args.join(' ')}: ${stderr || why}`);
}

const total = (seconds) => Object.values(seconds).reduce((a, b) => a + b, 0);
const given = (size) => Object.fromEntries(Object.entries(size).filter(([, value]) => value !== undefined));
