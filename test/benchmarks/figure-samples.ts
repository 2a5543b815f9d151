/** Seeded, made-up measurements that look like real ones: for the tests of the paper's figures, and for looking at them. */
import { createRandom } from '../../src/array/random.js';
import { defaultThresholds, groupClasses } from '../../src/evaluation/groups.js';
import { meanOf } from '../../src/report/order.js';
import { head as headOf, type Measurement, made } from './paper-modules.js';

export interface SampleOptions {
  readonly dataset?: string;
  readonly title?: string;
  readonly network?: string;
  readonly method?: string;
  readonly seed?: number;
  readonly classes?: number;
  readonly names?: (k: number) => string;
  readonly imbalance?: number;
  readonly largest?: number;
  /** Kinds of layers, for networks that have them. */
  readonly layers?: readonly string[];
}

/** The methods of stage 1. */
export const SAMPLE_METHODS = [
  ...['ce', 'cb', 'ce-wd', 'cb-wd', 'wd-without-bn', 'wd-fixed-bn'],
  ...['wd-etf', 'wd-fr-etf', 'wd-etf-dr'],
];

/** Cosine between classes, length of class means with its slope along the ranks, accuracy, forgetting. */
const CHARACTER: Record<string, readonly [number, number, number, number, number]> = {
  ce: [0.52, 12, 0.1, 0.61, 2.1],
  cb: [0.61, 9, -0.2, 0.57, 6.4],
  'ce-wd': [0.11, 1.7, 1.1, 0.66, 1.4],
  'cb-wd': [0.24, 1.5, 0.8, 0.63, 3.1],
  'wd-without-bn': [0.2, 5, 0.9, 0.64, 1.6],
  'wd-fixed-bn': [0.15, 2.4, 1, 0.65, 1.5],
  'wd-etf': [-0.04, 2.1, 0.7, 0.665, 1.3],
  'wd-fr-etf': [-0.06, 1.1, 0.6, 0.67, 1.35],
  'wd-etf-dr': [0.05, 1.3, 0.4, 0.65, 1.8],
};

const CIFAR = 'airplane automobile bird cat deer dog frog horse ship truck'.split(' ');

/** One model, measured. Same options, same figures. */
export function sampleMeasurement({
  dataset = 'cifar10',
  title = 'CIFAR10-LT (ρ = 100)',
  network = 'resnet20',
  method = 'ce',
  seed = 0,
  classes = 10,
  names = (k) => (classes <= 10 ? CIFAR[k] : `class ${k}`),
  imbalance = 100,
  largest = 5000,
  layers,
}: SampleOptions = {}): Measurement {
  const random = createRandom(1000 * SAMPLE_METHODS.indexOf(method) + seed);
  const noise = (size: number) => (random() + random() + random() - 1.5) * size;
  const [cosine, norm, slope, accuracy, forgotten] = CHARACTER[method] ?? CHARACTER.ce;
  const share = (k: number) => (classes > 1 ? k / (classes - 1) : 0);
  const counts = Array.from({ length: classes }, (_, k) => Math.round(largest * imbalance ** -share(k)));
  const thresholds = defaultThresholds(classes);
  const groups = groupClasses(counts, thresholds);
  const perGroup = (values: readonly number[]) =>
    Object.fromEntries(
      (['many', 'medium', 'few'] as const).flatMap((group) => {
        const mean = meanOf(values.filter((_, k) => groups[k] === group));
        return mean === null ? [] : [[group, mean]];
      }),
    );
  const base = made({ method, seed, dataset, network, title, imbalanceFactor: imbalance });
  const set = (tail: number): Measurement['train'] => {
    const matrix: number[][] = Array.from({ length: classes }, () => Array(classes).fill(0));
    for (let k = 0; k < classes; k++) {
      for (let l = k; l < classes; l++) {
        const like = k === l ? 0.85 : cosine + (1 - Math.abs(cosine)) * 0.2 * Math.exp(-Math.abs(k - l) / 2);
        matrix[k][l] = matrix[l][k] = Math.max(-1, Math.min(1, like + noise(0.12)));
      }
    }
    const different = matrix.flatMap((row, k) => row.filter((_, l) => k !== l));
    const [sameClass, differentClass] = [meanOf(matrix.map((row, k) => row[k])), meanOf(different)];
    return {
      ...base.train,
      cosine: { sameClass, differentClass, matrix },
      classMeanNorms: counts.map((_, k) => norm * Math.exp(tail * slope * share(k) + noise(0.1))),
    };
  };
  const head = (name: string, gain: number, rows: (k: number) => number) => {
    const percent = 100 * (accuracy + gain + noise(0.012));
    const made = headOf(name, [percent, percent, percent, percent]);
    return { ...made, weightNorms: counts.map((_, k) => rows(k)) };
  };
  const stage1 = (k: number) => 0.8 - 0.4 * share(k) + noise(0.02);
  const secondStage = method.includes('etf')
    ? []
    : [
        head('wb', 0.05, (k) => 0.35 - 0.06 * share(k) + noise(0.01)),
        head('wb-published', 0.049, (k) => 0.34 - 0.06 * share(k)),
        head('wb-norm', 0.051, (k) => 0.38 - 0.04 * share(k) + noise(0.01)),
      ];
  const scores = counts.map((_, k) => forgotten * (1 + share(k)) + noise(0.3));
  return {
    ...base,
    classes: Array.from({ length: classes }, (_, k) => names(k)),
    counts,
    thresholds,
    groups,
    train: set(1),
    test: set(0.1),
    heads: [
      head('none', 0, stage1),
      head('additive', 0.04, stage1),
      head('multiplicative', 0.07, (k) => (counts[0] / counts[k]) ** 0.7),
      head('multiplicative-code', 0.06, (k) => stage1(k) * (counts[0] / counts[k]) ** 0.5),
      ...secondStage,
    ],
    ...(layers && {
      layers: layers.map((kind, i) => ({
        name: `layer${i}`,
        kind,
        fdr: 3 * 1.4 ** i,
        reluFdr: 2 * (kind === 'normalization' ? 1.15 : 1.4) ** i * (1 + noise(0.1)) * (1 + norm / 10),
      })),
    }),
    forgetting: { average: meanOf(scores)!, ...perGroup(scores), perClass: scores },
  };
}

/** Every method with every seed. */
export function sampleMeasurements(
  seeds: number,
  options: SampleOptions = {},
  methods: readonly string[] = SAMPLE_METHODS,
): Measurement[] {
  return methods.flatMap((method) =>
    Array.from({ length: seeds }, (_, seed) => sampleMeasurement({ ...options, method, seed })),
  );
}
