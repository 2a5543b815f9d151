// Section 4.4, A.5.2 and A.5.3: features on their way through further layers, random ones and the network's own.

import { networkTitle } from '../names.mjs';
import { studentQuantile } from '../noise.mjs';
import { digits } from '../tables/format.mjs';
import { stepOf } from '../tables/random-layers.mjs';
import { meanOf } from './figures.mjs';
import { singleOf } from './judge.mjs';

const PARTS = ['train', 'test'];
const BY_DRAWS =
  'A change counts where it is beyond the 95 % interval over draws of the layers, in every model.';

/** Of a single draw, which does not tell its scatter. */
const MARGIN = 0.1;

/** Between numbers of random layers: up, down, or within what the draws decide. */
function change(run, part, from, to) {
  const steps = [from, to].map((layers) => stepOf(run, part, layers));
  if (steps.some((step) => typeof step?.mean !== 'number')) return undefined;
  const [before, after] = steps.map(({ mean }) => mean);
  const drawn = steps.filter(({ seeds }) => seeds > 1);
  const degrees = drawn.reduce((sum, { seeds }) => sum + seeds - 1, 0);
  const error = Math.hypot(...drawn.map(({ sd, seeds }) => sd / Math.sqrt(seeds)));
  const noise = degrees > 0 ? studentQuantile(degrees) * error : MARGIN * before;
  return Math.abs(after - before) <= noise ? 'same' : after > before ? 'up' : 'down';
}

/** What all models of the method agree on; 'same' where they do not. */
function changeOf(block, method, part, from, to) {
  const all = block.methods.get(method).map((run) => change(run, part, from, to));
  if (all.includes(undefined)) return undefined;
  return new Set(all).size === 1 ? all[0] : 'same';
}

/** FDR after each number of layers, 'train 61.4 → 65.0'. */
function course(block, method, part, deepest) {
  const runs = block.methods.get(method);
  const means = Array.from({ length: deepest + 1 }, (_, layers) =>
    meanOf(runs.map((run) => stepOf(run, part, layers)?.mean)),
  );
  return `${part} FDR ${means.map((mean) => (mean === undefined ? '–' : digits(mean))).join(' → ')}`;
}

/** One random layer, every part of every block a case. */
const throughOneLayer = (method, outcomes) => (block) =>
  PARTS.map((part) => {
    const found = changeOf(block, method, part, 0, 1);
    if (!found) return { lacks: [`random layers on ${part}`] };
    return {
      text: course(block, method, part, 1),
      about: `${block.title}, ${networkTitle(block.network)}, ${part}`,
      outcome: outcomes[found],
      single: singleOf(block, method),
    };
  });

const GAINS = { up: 'holds', same: 'noise', down: 'against' };
const NO_GAIN = { up: 'against', same: 'holds', down: 'holds' };

/** Of one step through the network ReLUFDR may fall by so much and still be monotone. */
const SLACK = 0.01;

const reluRatios = (run) => (run.layers ?? []).filter(({ reluFdr }) => reluFdr !== null);
const hasLayers = ({ methods }) => [...methods.values()].flat().some(({ layers }) => layers?.length > 0);

function falls(run) {
  const layers = reluRatios(run);
  return layers.slice(1).filter(({ reluFdr }, i) => reluFdr < (1 - SLACK) * layers[i].reluFdr);
}

/** @param {(falling: { kind: string }[]) => boolean} holds */
const throughNetwork = (method, holds) => (block) => {
  const runs = block.methods.get(method).filter((run) => reluRatios(run).length > 1);
  if (runs.length === 0) return [{ lacks: ['ReLUFDR by layer'] }];
  const falling = runs.map(falls);
  const kinds = falling[0].map(({ kind }) => kind);
  const names =
    kinds.length > 0 ? `falls at ${kinds.length} (${[...new Set(kinds)].join(', ')})` : 'never falls';
  const steps = reluRatios(runs[0]).length - 1;
  return [
    {
      text: `of ${steps} layers ReLUFDR ${names}`,
      about: `${block.title}, ${networkTitle(block.network)}`,
      outcome: falling.every(holds) ? 'holds' : 'against',
      single: singleOf(block, method),
    },
  ];
};

/** @type {import('./judge.mjs').ClaimMaker[]} */
export const LAYER_CLAIMS = [
  {
    claim: 'Features trained with WD gain FDR through a layer with random weights',
    source: 'Section 4.4, Table 4',
    ...{ needs: ['ce-wd'], rule: BY_DRAWS },
    cases: throughOneLayer('ce-wd', GAINS),
  },
  {
    claim: 'Features trained with WD on convolutions alone gain as well, in most cases',
    source: 'Section 4.4, Table 4',
    ...{ needs: ['wd-without-bn'], most: true, rule: BY_DRAWS },
    cases: throughOneLayer('wd-without-bn', GAINS),
  },
  {
    claim: 'Features trained without WD do not gain, in most cases',
    source: 'Section 4.4, Table 4',
    ...{ needs: ['ce'], most: true, rule: BY_DRAWS },
    cases: throughOneLayer('ce', NO_GAIN),
  },
  {
    claim: 'FDR rises through the first random layer and falls gradually through the second and third',
    source: 'A.5.3, Table 10 (MLP5)',
    ...{ needs: ['ce-wd'], rule: BY_DRAWS },
    cases: (block) =>
      PARTS.map((part) => {
        const steps = [0, 1, 2].map((from) => changeOf(block, 'ce-wd', part, from, from + 1));
        if (steps.includes(undefined)) return { lacks: [`random layers on ${part}`] };
        const right = steps.filter((step, i) => step === (i === 0 ? 'up' : 'down')).length;
        return {
          text: course(block, 'ce-wd', part, 3),
          about: `${block.title}, ${networkTitle(block.network)}, ${part} (${right} of 3 steps as claimed)`,
          outcome: right === 3 ? 'holds' : right > 0 ? 'weaker' : 'against',
          single: singleOf(block, 'ce-wd'),
        };
      }),
  },
  {
    claim: 'Without WD, ReLUFDR rises monotonically through the layers of an MLP',
    source: 'A.5.2, Figure 6',
    ...{ needs: ['ce'], where: hasLayers, whereTitle: 'that is an MLP' },
    rule: 'Monotone: no layer lowers it by more than a hundredth.',
    cases: throughNetwork('ce', (falling) => falling.length === 0),
  },
  {
    claim: 'With WD it does not: ReLUFDR falls at batch normalisations',
    source: 'A.5.2, Figure 6',
    ...{ needs: ['ce-wd'], where: hasLayers, whereTitle: 'that is an MLP' },
    rule: 'Held where a batch normalisation lowers it by more than a hundredth.',
    cases: throughNetwork('ce-wd', (falling) => falling.some(({ kind }) => kind === 'normalization')),
  },
];
