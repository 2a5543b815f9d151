/** Reports with seeded, made-up figures that look like real ones: for tests, and for looking at (scripts/report-gallery.mjs). */
import { createRandom, shuffleKey } from '../../src/array/random.js';
import type { Diagnostics } from '../../src/diagnostics/diagnostics.js';
import type { Fdr } from '../../src/diagnostics/fdr.js';
import { perClassAccuracy, summarizeAccuracy } from '../../src/evaluation/accuracy.js';
import { bootstrapAccuracy } from '../../src/evaluation/bootstrap.js';
import type { Evaluation } from '../../src/evaluation/evaluate.js';
import { groupConfusion } from '../../src/evaluation/group-confusion.js';
import {
  defaultThresholds,
  type Group,
  type GroupThresholds,
  groupAccuracy,
  groupClasses,
} from '../../src/evaluation/groups.js';
import type { ReportContent } from '../../src/report/content.js';

export interface SampleOptions {
  readonly classes?: number;
  readonly seed?: number;
  readonly imbalance?: number;
  readonly largest?: number;
  readonly names?: (k: number) => string;
  readonly thresholds?: GroupThresholds;
  /** 'adjusted' like a long tail before and after; 'before' without an after; none at all. */
  readonly answers?: 'adjusted' | 'before' | 'none';
  /** Number of sets with diagnostics. */
  readonly sets?: 0 | 1 | 2;
  readonly head?: boolean;
  /** Every so many classes one has no sample. */
  readonly emptyEvery?: number;
  readonly layers?: number;
  readonly intervals?: boolean;
}

const CIFAR = 'airplane automobile bird cat deer dog frog horse ship truck'.split(' ');

/** A report with everything in it, unless the options leave it out. Same options, same report. */
export function sampleContent(options: SampleOptions = {}): ReportContent {
  const { classes = 10, seed = 0, imbalance = 100, largest = classes > 500 ? 1280 : 5000 } = options;
  const { answers = 'adjusted', sets = 2, names = (k) => CIFAR[k] ?? `class ${k}` } = options;
  const random = createRandom(seed);
  // Not in the order of the counts: nothing may take it for granted.
  const place = Array.from({ length: classes }, (_, k) => k).sort(
    (a, b) => shuffleKey(seed, a) - shuffleKey(seed, b),
  );
  const counts = place.map((p) =>
    Math.max(1, Math.floor(largest * imbalance ** (-p / Math.max(1, classes - 1)))),
  );
  const thresholds = options.thresholds ?? defaultThresholds(classes);
  const groups = groupClasses(counts, thresholds);
  const classNames = Array.from({ length: classes }, (_, k) => names(k));
  const least = Math.min(...counts);
  const tail = counts.map((n) => 1 - Math.log(n / least) / Math.log(imbalance));
  const perClass = classes > 2000 ? 5 : classes > 100 ? 50 : 1000;
  const empty = (k: number) => options.emptyEvery !== undefined && k % options.emptyEvery === 1;
  const totals = Int32Array.from(counts, (_, k) => (empty(k) ? 0 : perClass));
  const noisy = () => (random() + random() + random() - 1.5) / 6;
  const before = tail.map((t) => clamp(0.95 - 0.75 * t ** 1.4 + noisy()));
  const after = tail.map((t, k) => clamp(before[k] + (t - 0.35) * 0.45 + noisy() / 2));
  const answersOf = (accuracies: number[], surer: number) =>
    makeAnswers({ accuracies, totals, groups, thresholds, classNames, surer, seed });
  const evaluated = { before: answersOf(before, 0.18), after: answersOf(after, 0.05) };
  const common = { counts, groups, thresholds, classNames, tail, random, options, totals };
  return {
    title: 'cifar10-lt-resnet20.onnx',
    ...(sets > 0 && {
      diagnostics: (['train', 'test'] as const).slice(0, sets).map((name) => makeDiagnostics(name, common)),
      setNames: ['train', 'test'].slice(0, sets),
    }),
    trainCounts: counts,
    thresholds,
    ...(answers !== 'none' && {
      evaluations: [
        {
          setName: 'test',
          before: evaluated.before.evaluation,
          confusion: { before: evaluated.before.confusion },
          ...(answers === 'adjusted' && {
            after: evaluated.after.evaluation,
            confusion: { before: evaluated.before.confusion, after: evaluated.after.confusion },
          }),
        },
      ],
    }),
    ...(answers === 'adjusted' && {
      recalibration: {
        method: 'multiplicative',
        parameters: { gamma: 0.2, convention: 'paper' },
        kept: false,
        improvement: {
          average: 0.13,
          interval: [0.085, 0.175] as const,
          probability: 1,
          pValue: 0.0005,
          significant: true,
        },
        selectedOn: 'validation',
        outOfFold: true,
        notes: [
          'The probabilities got less honest: expected calibration error 0.050 → 0.181 on validation. If you use them, fit a temperature too.',
        ],
        verification: {
          samples: 8,
          inputs: 'validation',
          maxAbsLogitDifference: 2.6e-6,
          tolerance: 0.002,
          argmaxAgreement: 1,
          outputs: [],
        },
      },
    }),
    provenance: [
      ['model', 'models/cifar10-lt-resnet20-wd.onnx, sha256 7c3514f2aa98d5b1'],
      ['train features', 'cifar10-lt-resnet20-train.npz'],
      ['test features', 'cifar10-lt-resnet20-test.npz'],
      ['version', 'onnx-tailor 0.1.0'],
    ],
  };
}

function clamp(share: number): number {
  return Math.max(0, Math.min(1, share));
}

interface AnswersInput {
  accuracies: number[];
  totals: Int32Array;
  groups: Group[];
  thresholds: GroupThresholds;
  classNames: string[];
  surer: number;
  seed: number;
}

function makeAnswers({ accuracies, totals, groups, thresholds, classNames, surer, seed }: AnswersInput) {
  const classes = accuracies.length;
  const random = createRandom(seed + 1);
  const correct = totals.map((n, k) => Math.round(n * accuracies[k]));
  const labels: number[] = [];
  const predictions: number[] = [];
  // Wrong answers go to the frequent classes more often than not.
  const all = [...groups.keys()];
  const frequent = all.filter((k) => groups[k] !== 'few');
  for (let k = 0; k < classes; k++) {
    for (let i = 0; i < totals[k]; i++) {
      labels.push(k);
      const pool = frequent.length > 0 && random() < 0.4 + surer ? frequent : all;
      let wrong = pool[Math.floor(random() * pool.length)];
      if (wrong === k) wrong = (k + 1) % classes;
      predictions.push(i < correct[k] ? k : wrong);
    }
  }
  const tally = { total: totals, correct };
  const sizes: { [G in Group]?: number } = {};
  for (const [k, group] of groups.entries()) if (totals[k] > 0) sizes[group] = (sizes[group] ?? 0) + 1;
  const samples = labels.length;
  const share = (b: number) => Math.exp(b / 3) / 130;
  const reliability = Array.from({ length: 15 }, (_, b) => {
    const confidence = (b + 0.6) / 15;
    const filled = b >= (classes > 10 ? 0 : 2);
    return {
      from: b / 15,
      to: (b + 1) / 15,
      samples: filled ? Math.round(samples * share(b)) : 0,
      confidence: filled ? confidence : null,
      accuracy: filled
        ? clamp(confidence - surer * Math.sin(Math.PI * confidence) + (random() - 0.5) * 0.04)
        : null,
    };
  });
  const evaluation: Evaluation = {
    samples,
    classes,
    ...summarizeAccuracy(tally),
    ...groupAccuracy(tally, groups),
    nll: 1 + surer,
    ece: surer * 0.7,
    classwiseEce: surer * 0.2,
    reliability,
    perClass: perClassAccuracy(tally),
    perClassSamples: [...totals],
    missingClasses: [...totals.keys()].filter((k) => totals[k] === 0),
    classNames,
    groupSizes: sizes,
    thresholds,
    intervals: bootstrapAccuracy(tally, groups, { replicates: 50, seed }),
  };
  return { evaluation, confusion: groupConfusion({ predictions, labels, groups }) };
}

interface DiagnosticsInput {
  counts: number[];
  groups: Group[];
  thresholds: GroupThresholds;
  classNames: string[];
  tail: number[];
  random: () => number;
  options: SampleOptions;
  totals: Int32Array;
}

function makeDiagnostics(
  name: 'train' | 'test',
  { counts, groups, thresholds, classNames, tail, random, options, totals }: DiagnosticsInput,
): Diagnostics {
  const classes = counts.length;
  const train = name === 'train';
  const own = train ? counts.map((n, k) => (totals[k] === 0 ? 0 : n)) : [...totals];
  const { head = true } = options;
  const unless = (k: number, value: number) => (own[k] === 0 ? null : value);
  const noise = (size: number) => (random() - 0.5) * size;
  const rows = new Map<number, (number | null)[]>();
  // Above 4096 classes there is no matrix.
  const matrix =
    classes > 4096
      ? null
      : counts.map((_, k) => {
          const row = counts.map((_other, l) => {
            if (own[k] === 0 || own[l] === 0) return null;
            if (k === l) return clamp((train ? 0.86 : 0.62) - 0.1 * tail[k] + noise(0.08));
            return l < k
              ? (rows.get(l)![k] as number)
              : clampCosine(0.06 + 0.28 * tail[k] * tail[l] + noise(0.16));
          });
          rows.set(k, row);
          return row;
        });
  const means = tail.map((t, k) => unless(k, (train ? 2 + 3.2 * t : 3.4 + 0.3 * t) + noise(0.7)));
  const spread = (value: number): [number, number] => [value * 0.93, value * 1.06];
  return {
    name: `cifar10-lt-resnet20-${name}.npz`,
    samples: own.reduce((a, b) => a + b, 0),
    classes,
    dimensions: 64,
    classNames,
    counts: own,
    trainCounts: counts,
    imbalanceFactor: Math.max(...counts) / Math.min(...counts),
    groups,
    thresholds,
    fdr: {
      value: train ? 38.4 : 12.7,
      center: 'samples',
      byCenter: { samples: train ? 38.4 : 12.7, classes: train ? 41.2 : 12.7 },
      rank: 62,
      dropped: [3, 17],
      constant: [3],
      condition: 8123.4,
      outside: 0,
    },
    cosine: {
      sameClass: train ? 0.812 : 0.587,
      sameClassByPair: train ? 0.854 : 0.587,
      differentClass: train ? 0.131 : 0.174,
      differentClassByPair: 0.098,
      matrix,
      zeroFeatures: 0,
    },
    classMeanNorms: means,
    featureNorms: means.map((norm) => (norm === null ? null : norm * 1.14)),
    weightNorms: head ? tail.map((t) => 1.4 - 0.5 * t + noise(0.12)) : null,
    correlations: {
      classMeanNorms: train ? -0.93 : -0.21,
      featureNorms: train ? -0.91 : -0.18,
      weightNorms: head ? 0.95 : null,
    },
    sparsity: { hoyer: 0.41, perClass: tail.map((t, k) => unless(k, 0.4 + 0.1 * t)) },
    collapse: {
      nc1: train ? 0.84 : 5.21,
      nc2: { equinorm: train ? 0.31 : 0.22, equiangularity: train ? 0.12 : 0.19 },
      nc3: head ? 0.47 : null,
      nc4: head ? (train ? 0.021 : 0.148) : null,
    },
    accuracy: null,
    theorem1: head
      ? {
          applies: false,
          head: { scale: 1.2, norms: 0.4, cosines: 0.3, bias: 0.1, tolerance: 0.01 },
          quantiles: [0.5, 0.9].map((quantile) => ({
            quantile,
            epsilon: 0.02 / (1 - quantile),
            length: 3 + quantile,
            delta: null,
            holds: false,
            bound: null,
            largestCosine: null,
          })),
          largestCosine: 0.97,
          pairs: 'sampled',
          pairSamples: 2000,
        }
      : null,
    theorem2: head
      ? {
          weightDecay: 0.1,
          centring: 0.42,
          cosines: tail.map(() => 0.9),
          distances: tail.map(() => 0.3),
          gradientRatio: 0.61,
          implicitGamma: -0.08,
          r2: 0.91,
        }
      : null,
    smallClasses: own.flatMap((samples, k) =>
      samples < 10
        ? [{ class: k, name: classNames[k], samples, figures: ['cosine.matrix', 'classMeanNorms'] }]
        : [],
    ),
    intervals: options.intervals
      ? {
          'fdr.value': spread(train ? 38.4 : 12.7),
          'cosine.differentClass': spread(train ? 0.131 : 0.174),
          'collapse.nc1': spread(train ? 0.84 : 5.21),
        }
      : null,
    ...(train && options.layers !== undefined && makeLayers(options.layers, random)),
    missing: head ? [] : [{ figure: 'collapse.nc3', reason: 'no head was given (--model or --head)' }],
    advice: train
      ? [
          {
            rule: 'weight-norms',
            kind: 'problem',
            evidence:
              'The head’s weights are longer for frequent classes: rank correlation 0.95 with the training samples.',
            action:
              'Adjust the head: onnx-tailor recalibrate chooses a multiplicative logit adjustment on validation.',
            source: 'Hasegawa & Sato (2024), section 5.1; Kim & Kim (2020)',
          },
          {
            rule: 'class-mean-norms',
            kind: 'good',
            evidence: 'Class means of rare classes are the longer ones: rank correlation −0.93.',
            action:
              'The features were trained with weight decay; a multiplicative adjustment of the head is likely to work.',
            source: 'Hasegawa & Sato (2024), section 4.5',
          },
        ]
      : [
          {
            rule: 'collapse-gap',
            kind: 'caution',
            evidence: 'NC1 is 5.21 on test and 0.84 on train.',
            action:
              'The spread within classes is larger on new samples: regularise, or augment the rare classes.',
            source: 'Papyan et al. (2020); threshold of this package',
          },
        ],
  };
}

function clampCosine(value: number): number {
  return Math.max(-1, Math.min(1, value));
}

function makeFdr(value: number): Fdr {
  return {
    value,
    center: 'samples',
    byCenter: { samples: value, classes: value },
    rank: 64,
    dropped: [],
    constant: [],
    condition: 100,
    outside: 0,
  };
}

function makeLayers(
  count: number,
  random: () => number,
): Pick<Diagnostics, 'layers' | 'randomLayers' | 'batchNorm'> {
  const parameters = (mean: number, std: number) => ({
    count: 16,
    mean,
    std,
    sampleStd: std,
    minimum: mean - 2 * std,
    maximum: mean + 2 * std,
  });
  return {
    layers: {
      name: 'train',
      samples: 1000,
      classes: 10,
      pool: 'average',
      center: 'samples',
      layers: Array.from({ length: count }, (_, i) => {
        const fdr = 0.4 * 1.17 ** ((i * 30) / count) * (0.85 + 0.3 * random());
        return {
          tensor: `/layer${Math.floor(i / 4) + 1}/conv${(i % 4) + 1}/Relu_output_0`,
          kind: 'activation' as const,
          operator: 'Relu',
          dims: [16, 32, 32],
          pool: 'average' as const,
          dimensions: 16,
          fdr: makeFdr(fdr),
          reluFdr: makeFdr(fdr * (0.8 + 0.3 * random())),
        };
      }),
      skipped: [{ tensor: 'Loop_12', reason: 'it is inside of a loop' }],
      passes: 1,
      device: 'cpu',
      seconds: 3,
    },
    randomLayers: {
      samples: 1000,
      dimensions: 64,
      draws: 5,
      seed: 0,
      center: 'samples',
      steps: [38.4, 44.1, 47.9, 46.2].map((mean, layers) => ({
        layers,
        values: [mean],
        mean,
        std: layers === 0 ? null : 1.2 * layers,
        rank: 64,
      })),
    },
    batchNorm: {
      scale: parameters(0.31, 0.11),
      shift: parameters(-0.05, 0.14),
      layers: Array.from({ length: 5 }, (_, i) => ({
        name: `layer${i + 1}.0.bn1`,
        channels: 16,
        scale: parameters(0.3 + 0.02 * i, 0.1),
        shift: parameters(-0.04, 0.13),
      })),
      refused: [],
      reason: null,
    },
  };
}

/** Names that try to break out of whatever they are put into. */
export const HOSTILE_NAMES = [
  '<script>alert(1)</script>',
  '"><img src=x onerror=alert(1)>',
  ']]>',
  '</style><script>alert(2)</script>',
  'שלום עולם',
  'مرحبا \u202egnp.exe\u202c',
  'a\u0000b\u0007c\u001b[31m\u0085',
  'half \ud800 of a pair',
  '`code` | *bold* _it_ [x](javascript:alert(1)) @someone #12 $x$',
  'a very long name of a class, a synonym, another synonym, and the Latin name of it, Felis silvestris catus, to be sure',
  '漢字かな交じり文の長い長い長い長い長い名前',
  '👩‍👩‍👧‍👦👩‍👩‍👧‍👦👩‍👩‍👧‍👦',
  `Z${'\u0351\u0320'.repeat(200)}algo`,
  '',
  '   \n\t ',
  '&amp; &lt; &#39;',
  '--> <!-- comment',
];
