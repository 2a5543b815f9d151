/** The harness of the paper's tables is JavaScript: its modules with the types that the tests need, and measurements made by hand. */

export interface Accuracies {
  average: number;
  many?: number;
  medium?: number;
  few?: number;
}

export interface Head {
  name: string;
  chosen: Record<string, number | string>;
  validation: Accuracies;
  test: Accuracies & { perClass: number[] };
  weightNorms: number[];
}

interface RandomLayer {
  layers: number;
  mean: number | null;
  sd: number;
  seeds: number;
}

interface Part {
  samples: number;
  fdr: { samples: number | null; classes: number | null; rank: number; dropped: number };
  cosine: { sameClass: number | null; differentClass: number | null; matrix: number[][] };
  classMeanNorms: number[];
  featureNorms: number[];
}

export interface Measurement {
  model: {
    name: string;
    dataset: string;
    imbalanceFactor: number;
    model: string;
    method: string;
    seed: number;
    epochs: number;
    weightDecay: number;
    bnScale?: number;
  };
  title: string;
  classes: string[];
  counts: number[];
  thresholds: { many: number; few: number };
  groups: string[];
  train: Part;
  test: Part;
  weightNorms: number[];
  batchNorm: { scaleMean: number; shiftSd: number; layers: object[] } | null;
  randomLayers: { train: RandomLayer[]; test: RandomLayer[] };
  layers?: { name: string; kind: string; fdr: number | null; reluFdr: number | null }[];
  theorem1: {
    quantile: number;
    epsilon: number;
    length: number;
    delta: number;
    holds: boolean;
    bound: number | null;
  }[];
  largestCosine: number | null;
  theorem2: Record<
    'centring' | 'cosine' | 'distance' | 'gradientRatio' | 'implicitGamma' | 'r2',
    number
  > | null;
  heads: Head[];
  forgetting: (Accuracies & { perClass: number[] }) | null;
  data: string;
  seconds: number;
}

export interface PaperTable {
  name: string;
  title: string;
  columns: string[];
  rows: string[][];
  notes: string[];
  missing: string[];
}

export interface Collection {
  measurements: Measurement[];
  noData: Map<string, string>;
  leftOut?: string[];
}

export interface Claim {
  claim: string;
  source: string;
  ours: string;
  verdict: 'held' | 'partly' | 'did not hold' | 'not measured';
  why: string;
}

export interface Figure {
  name: string;
  pick: (run: Measurement) => number | undefined;
  format: (value: number) => string;
  scale: 'ratio' | 'difference';
  margin: number;
  testVariance?: (run: Measurement) => number;
}

interface Block {
  epochs: number;
  network: string;
  methods: Map<string, Measurement[]>;
  leftOut: string[];
}

interface Side {
  method: string;
  figure: Figure;
}

export interface PaperFigure {
  name: string;
  title: string;
  caption: string;
  svg: string;
}

interface Modules {
  'figures/index.mjs': {
    FIGURES: {
      name: string;
      title: string;
      draw: (collection: Collection) => PaperFigure[];
      missing: (collection: Collection) => string[];
    }[];
  };
  'figures/lines.mjs': {
    spreadOut: (wanted: number[], gap: number, bounds: [low: number, high: number]) => number[];
  };
  'tables/index.mjs': {
    TABLES: { name: string; title: string; render: (collection: Collection) => PaperTable }[];
  };
  'claims.mjs': { judgeClaims: (measurements: Measurement[]) => Claim[] };
  'aggregate.mjs': {
    blocksOf: (measurements: Measurement[], options: { methods: string[]; first?: string }) => Block[];
    seedsText: (block: Block) => string;
  };
  'noise.mjs': {
    accuracy: (head: string, group: string) => Figure;
    compare: (
      block: Block,
      left: Side,
      right: Side,
    ) => { outcome: string; means: number[]; seeds: number[]; noise: string } | undefined;
    studentQuantile: (degrees: number) => number;
  };
  'reproduction.mjs': {
    fillMarkers: (doc: string, sections: Record<string, string>) => string;
    reproductionSections: (collection: Collection) => Record<string, string>;
  };
}

/** A module under benchmarks/paper. */
export async function load<N extends keyof Modules>(name: N): Promise<Modules[N]> {
  const url = new URL(`../../benchmarks/paper/${name}`, import.meta.url);
  return (await import(/* @vite-ignore */ url.href)) as Modules[N];
}

const GROUPS = ['many', 'many', 'medium', 'few'];

/** A head that is right in so many percent of each of four classes. */
export function head(name: string, percent: number[], chosen: Head['chosen'] = {}): Head {
  const perClass = percent.map((value) => value / 100);
  const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const of = (group: string) => mean(perClass.filter((_, k) => GROUPS[k] === group));
  const groups = { average: mean(perClass), many: of('many'), medium: of('medium'), few: of('few') };
  return { name, chosen, validation: groups, test: { ...groups, perClass }, weightNorms: [1, 1, 1, 1] };
}

/** What may be said of a model made by hand; the rest has some value. */
export interface Wish {
  method: string;
  seed?: number;
  epochs?: number;
  dataset?: string;
  imbalanceFactor?: number;
  network?: string;
  name?: string;
  bnScale?: number;
  title?: string;
  fdr?: [number, number];
  heads?: Head[];
}

/** CIFAR10-LT with four classes, ResNet20, 40 epochs, where nothing else is wished for. */
export function made(wish: Wish, change: Partial<Measurement> = {}): Measurement {
  const {
    method,
    seed = 0,
    epochs = 40,
    dataset = 'cifar10',
    imbalanceFactor = 100,
    network = 'resnet20',
  } = wish;
  const [train, test] = wish.fdr ?? [50, 20];
  const part = (ratio: number): Part => ({
    samples: 4000,
    fdr: { samples: ratio, classes: ratio * 2, rank: 3, dropped: 0 },
    cosine: {
      sameClass: 0.8,
      differentClass: 0.2,
      matrix: [0, 1, 2, 3].map((k) => [0, 1, 2, 3].map((l) => (k === l ? 0.8 : 0.2))),
    },
    classMeanNorms: [1, 1, 2, 4],
    featureNorms: [2, 2, 3, 5],
  });
  const steps = (ratio: number): RandomLayer[] =>
    [1, 1.2, 1.1, 1].map((factor, layers) => ({
      ...{ layers, mean: ratio * factor, sd: layers === 0 ? 0 : 0.01 * ratio },
      seeds: 5,
    }));
  return {
    model: {
      name: wish.name ?? [dataset, network, method, epochs, `s${seed}`].join('-'),
      ...{ dataset, imbalanceFactor, model: network, method, seed, epochs },
      weightDecay: method === 'ce' || method === 'cb' ? 0 : 0.005,
      ...(wish.bnScale !== undefined && { bnScale: wish.bnScale }),
    },
    title: wish.title ?? 'CIFAR10-LT (ρ = 100)',
    classes: ['a', 'b', 'c', 'd'],
    counts: [5000, 2000, 500, 50],
    thresholds: { many: 1000, few: 200 },
    groups: GROUPS,
    train: part(train),
    test: part(test),
    weightNorms: [4, 3, 2, 1],
    batchNorm: { scaleMean: 0.2, shiftSd: 0.1, layers: [] },
    randomLayers: { train: steps(train), test: steps(test) },
    theorem1: [],
    largestCosine: 0.9,
    theorem2: null,
    heads: wish.heads ?? [head('none', [90, 80, 60, 30])],
    forgetting: null,
    data: 'by hand',
    seconds: 1,
    ...change,
  };
}
