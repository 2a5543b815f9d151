/** The random-layer probe: does another layer with random weights still separate the classes (Tables 4 and 10)? */
import { TailorError, throwIfAborted } from '../array/errors.js';
import { denseData, type Matrix, matrix } from '../array/matrix.js';
import { createRandom, type Random } from '../array/random.js';
import { GraphBuilder } from '../onnx/build.js';
import { openSession, type SessionOptions } from '../runtime/session.js';
import { collectStatistics } from './collect-statistics.js';
import { type FdrCenter, fisherRatio } from './fdr.js';
import { mergeStatistics } from './merge-statistics.js';
import { emptyStatistics, type FeatureStatistics } from './statistics.js';

const DOING = 'Probing with random layers';

/** Numbers of features in one run: 16 MB of float32. */
const CHUNK_NUMBERS = 2 ** 22;

/** Options of `probeRandomLayers`. */
export interface RandomLayerOptions extends SessionOptions {
  /** C; default: the highest label + 1. */
  readonly classes?: number;
  /** The deepest stack of random layers, 1 or more. Default 3 (Table 10); 1 is Table 4. */
  readonly layers?: number;
  /** How many stacks are drawn, 1 or more. Default 5. */
  readonly draws?: number;
  /** Whole number; draw i has the seed `seed` + i. Default 0. */
  readonly seed?: number;
  /** As for `fisherRatio`. Default 'samples'. */
  readonly center?: FdrCenter;
  /** Samples in one run; default: as many as fit into 16 MB. */
  readonly chunk?: number;
  /** Stops between chunks with ABORTED. */
  readonly signal?: AbortSignal;
  /** Called before the first and after every chunk: how many of all chunks of all draws are done. */
  readonly onProgress?: (progress: { readonly done: number; readonly total: number }) => void;
}

/** FDR behind a number of random layers. */
export interface RandomLayerFigures {
  /** 0 is the features themselves. */
  readonly layers: number;
  /** Of each draw, [draws] (a single one for 0 layers); null where the FDR is. */
  readonly values: (number | null)[];
  /** Mean over the draws that have a value. */
  readonly mean: number | null;
  /** Sample standard deviation over the draws (divisor one less than their number); null for fewer than two. */
  readonly std: number | null;
  /** Smallest rank of S_W among the draws: below `dimensions` where a ReLU is never on, or depends on others. */
  readonly rank: number;
}

/** What `probeRandomLayers` tells. JSON-able. */
export interface RandomLayerDiagnostics {
  /** N. */
  readonly samples: number;
  /** D of the features and of every random layer. */
  readonly dimensions: number;
  /** How many stacks were drawn. */
  readonly draws: number;
  /** Of the first draw; draw i has `seed` + i. */
  readonly seed: number;
  /** What the ratios take as the centre of S_B. */
  readonly center: FdrCenter;
  /** For 0, 1, … random layers. Entry 0 is Table 4's 'before', entry 1 its 'after'. */
  readonly steps: RandomLayerFigures[];
}

/** A linear layer with random weights: A row-major [D, D], a [D]. */
export interface RandomLayer {
  readonly weight: Float32Array;
  readonly bias: Float32Array;
}

/** A's entries row by row, then a's, uniform in (−1/√D, 1/√D), rounded to float32: (2u − 1)/√D with u in (0, 1). */
export function randomLayer(dimensions: number, random: Random): RandomLayer {
  const bound = 1 / Math.sqrt(dimensions);
  const draw = (length: number) =>
    // Half a step up: u is k/2³² with k from 0 on, and the interval is open.
    Float32Array.from({ length }, () => (2 * (random() + 2 ** -33) - 1) * bound);
  return { weight: draw(dimensions * dimensions), bias: draw(dimensions) };
}

/**
 * FDR of features f [N, D] and of relu(A f + a), applied 1 to `layers` times with a new A [D, D] and a [D] each time. A draw
 * is one stack of layers, so that its second layer stands on its first. The published tables have a single draw; the mean
 * over several tells what is due to the features and what to the draw. Products in float32 by onnxruntime, chunk by
 * chunk; FDR in float64.
 *
 * The paper: features trained with weight decay keep or raise their FDR through one such layer, others lose it (section 4.4);
 * further layers lower it again (Table 10).
 *
 * Throws INVALID_ARGUMENT, SHAPE_MISMATCH, LABELS_INVALID, NOT_FINITE, DEVICE_UNAVAILABLE, ABORTED.
 */
export async function probeRandomLayers(
  features: Matrix<Float32Array>,
  labels: Int32Array,
  options: RandomLayerOptions = {},
): Promise<RandomLayerDiagnostics> {
  const { layers = 3, draws = 5, seed = 0, center = 'samples', signal, onProgress } = options;
  const [samples, dimensions] = features.shape;
  const classes = options.classes ?? labels.reduce((top, label) => Math.max(top, label), -1) + 1;
  const chunk = options.chunk ?? Math.max(1, Math.floor(CHUNK_NUMBERS / dimensions));
  for (const [what, value] of Object.entries({ layers, draws, chunk })) {
    if (Number.isInteger(value) && value >= 1) continue;
    throw new TailorError(
      'INVALID_ARGUMENT',
      `${DOING}: ${what} is ${value}; a whole number of at least 1 is needed.`,
    );
  }
  if (samples === 0) throw new TailorError('INVALID_ARGUMENT', `${DOING}: there are no features.`);
  const { threads } = options;
  const before = await collectStatistics(features, labels, { classes, signal, threads });
  const ratio = (statistics: FeatureStatistics) => fisherRatio(statistics, { center, signal, threads });
  const found = [[await ratio(before)]];
  const total = draws * Math.ceil(samples / chunk);
  let done = 0;
  onProgress?.({ done, total });
  for (let draw = 0; draw < draws; draw++) {
    const random = createRandom(seed + draw);
    const stack = Array.from({ length: layers }, () => {
      throwIfAborted(signal, 'probing with random layers');
      return randomLayer(dimensions, random);
    });
    const behind = await collectBehind(stack, { features, labels, classes, chunk, options }, () =>
      onProgress?.({ done: ++done, total }),
    );
    for (const [i, statistics] of behind.entries()) {
      found[i + 1] ??= [];
      found[i + 1].push(await ratio(statistics));
    }
  }
  return {
    samples,
    dimensions,
    draws,
    seed,
    center,
    steps: found.map((ratios, i) => ({
      layers: i,
      values: ratios.map(({ value }) => value),
      ...meanAndStd(ratios.flatMap(({ value }) => (value === null ? [] : [value]))),
      rank: Math.min(...ratios.map(({ rank }) => rank)),
    })),
  };
}

interface Collecting {
  readonly features: Matrix<Float32Array>;
  readonly labels: Int32Array;
  readonly classes: number;
  readonly chunk: number;
  readonly options: RandomLayerOptions;
}

/** Statistics behind 1, 2, … layers of a stack. */
async function collectBehind(
  stack: readonly RandomLayer[],
  { features, labels, classes, chunk, options }: Collecting,
  tick: () => void,
): Promise<FeatureStatistics[]> {
  const { signal, device, threads } = options;
  const [samples, dimensions] = features.shape;
  const rows = denseData(features);
  const behind = stack.map(() => emptyStatistics(classes, dimensions));
  const session = await openSession(stackModel(stack, dimensions), { device, threads });
  try {
    for (let from = 0; from < samples; from += chunk) {
      throwIfAborted(signal, 'probing with random layers');
      const count = Math.min(chunk, samples - from);
      const data = rows.subarray(from * dimensions, (from + count) * dimensions);
      const results = await session.run({ f: { data, dims: [count, dimensions] } });
      for (const i of behind.keys()) {
        const part = matrix(results[`f${i + 1}`].data as Float32Array, count, dimensions);
        const collected = await collectStatistics(part, labels.subarray(from, from + count), {
          classes,
          signal,
          threads,
        });
        behind[i] = await mergeStatistics(behind[i], collected, { threads });
      }
      tick();
    }
  } finally {
    await session.release();
  }
  return behind;
}

function stackModel(stack: readonly RandomLayer[], dimensions: number): Uint8Array {
  const g = new GraphBuilder();
  let f = g.input('f', 'float32', ['n', dimensions]);
  for (const [i, { weight, bias }] of stack.entries()) {
    const [a, b] = [g.constant(weight, [dimensions, dimensions]), g.constant(bias, [dimensions])];
    f = g.op('Relu', [g.gemm(f, a, b, { transB: 1 })]);
    g.output(f, `f${i + 1}`, 'float32', ['n', dimensions]);
  }
  return g.build();
}

function meanAndStd(values: readonly number[]): { mean: number | null; std: number | null } {
  if (values.length === 0) return { mean: null, std: null };
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  if (values.length === 1) return { mean, std: null };
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, std: Math.sqrt(squares / (values.length - 1)) };
}
