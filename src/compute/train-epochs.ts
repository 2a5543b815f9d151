/** Runs the graph of epoch-graph.ts, epoch after epoch: holds the state and hands over losses and row norms. */
import { TailorError } from '../array/errors.js';
import type { FloatArray } from '../array/matrix.js';
import type { Device, NamedDevice } from '../runtime/ort.js';
import { openSession, type Session, type SessionOptions } from '../runtime/session.js';
import type { Feed } from '../runtime/values.js';
import { epochGraph } from './epoch-graph.js';
import { type EpochGraphOptions, isWeight, stateNames } from './epoch-options.js';
import { carriedRate } from './epoch-rates.js';

/** What stays the same from epoch to epoch. Numbers are in the graph's own type, heads one after another. */
export interface TrainingData {
  /** [N, D] and [N]; left out with `pieces`, where each piece has its own. */
  readonly features?: FloatArray;
  readonly labels?: Int32Array;
  /** Factor on the loss by class and head, [C, K]. */
  readonly classWeights: Float64Array;
  /** Added to the logits, [K·C]. */
  readonly offsets: Float64Array;
  /** λ of each head's weight and bias, [K]. */
  readonly decayWeight: Float64Array;
  readonly decayBias: Float64Array;
  /** Largest norm of each row, [K·C]; infinite for none. */
  readonly radius: Float64Array;
  /** The heads to start from: [K·C, D] and [K·C]. */
  readonly weight: FloatArray;
  readonly bias: FloatArray;
}

/** What an epoch, or a piece of one, is fed. */
export interface EpochBatches {
  /** Number of steps S. */
  readonly steps: number;
  /** Samples, [S, batch], and the weight of each in its batch's mean, [S, batch]: 0 where the batch is filled up. */
  readonly order: Int32Array;
  readonly share: FloatArray;
  /** Learning rate of each head, [K], or of each step and head, [S, K], with `ratesPerStep`. */
  readonly rates: ArrayLike<number>;
}

/** Some steps of an epoch with the samples that they need. `order` of its batches counts these. */
export interface EpochPiece extends EpochBatches {
  /** [n, D] and [n]. The features are lent: see `runPiece`. */
  readonly features: FloatArray;
  readonly labels: Int32Array;
  /** Whether the epoch begins and ends with it. */
  readonly first: boolean;
  readonly last: boolean;
}

/** What an epoch gives. */
export interface EpochResult {
  /** Loss of each step and head, [S, K]. */
  readonly losses: FloatArray;
  /** ‖w_k‖ after the epoch, [K·C]. */
  readonly norms: FloatArray;
}

/** Heads in training. */
export interface Trainer {
  readonly device: NamedDevice;
  run(batches: EpochBatches): Promise<EpochResult>;
  /**
   * With `pieces`: goes on with some steps of an epoch. The caller's thread is free meanwhile (in Node), and the memory of the
   * features is gone until it comes back as `features`, with other numbers or the same.
   */
  runPiece(piece: EpochPiece): Promise<EpochResult & { readonly features: FloatArray }>;
  /** The weight [K·C, D] and bias [K·C] as they are now. New arrays after every run: they may be kept. */
  heads(): { weight: FloatArray; bias: FloatArray };
  release(): Promise<void>;
}

/**
 * Multiplications in one product of a step below which a second thread costs more than it brings. Measured on two
 * cores: 60 ms for one thread and 110 for two at 160 × 512 × 64, 139 and 97 at 400 × 512 × 64.
 */
const SMALL_STEP = 2 ** 23;

/**
 * Opens a session for a training. `auto` takes cuda where onnxruntime has it with every operator, else cpu; a device
 * that lacks one (WebGPU has no Scan) is refused by name with DEVICE_UNAVAILABLE, because each step would go through
 * the processor.
 */
export async function openTrainer(
  options: EpochGraphOptions,
  data: TrainingData,
  where: SessionOptions = {},
): Promise<Trainer> {
  const { type, classes, dimensions, heads, batch, solver, pieces } = options;
  const rows = heads * classes;
  const { device, threads = rows * dimensions * batch < SMALL_STEP ? 1 : undefined } = where;
  const session = await openWholly(epochGraph(options), { device, threads, ownThread: pieces });
  const numbers = (list: ArrayLike<number>) => (type === 'float64' ? Float64Array : Float32Array).from(list);
  const column = (list: ArrayLike<number>): Feed => ({ data: numbers(list), dims: [rows, 1] });
  const dimsOf = (name: string) => [rows, isWeight(name) ? dimensions : 1];
  const samplesOf = (features: FloatArray, labels: Int32Array): Record<string, Feed> => ({
    features: { data: features, dims: [labels.length, dimensions] },
    labels: { data: BigInt64Array.from(labels, BigInt), dims: [labels.length] },
  });

  const fixed: Record<string, Feed> = {
    ...(data.features && data.labels && samplesOf(data.features, data.labels)),
    classWeights: { data: numbers(data.classWeights), dims: [classes, heads] },
  };
  if (options.offsets) fixed.offsets = column(data.offsets);
  if (options.decay !== 'none') {
    fixed.decayWeight = { data: numbers(data.decayWeight), dims: [heads, 1] };
    fixed.decayBias = { data: numbers(data.decayBias), dims: [heads, 1] };
  }
  if (options.maxNorm !== 'none') fixed.radius = column(data.radius);
  const names = stateNames(solver);
  const start: Record<string, FloatArray> = { weight: data.weight, bias: data.bias };
  let state: Record<string, Feed> = Object.fromEntries(
    names.map((name) => {
      const dims = dimsOf(name);
      return [name, { data: start[name] ?? numbers(new Float32Array(dims[0] * dims[1])), dims }];
    }),
  );
  let stepsDone = 0;

  const batchFeeds = ({ steps, order, share, rates }: EpochBatches): Record<string, Feed> => {
    const feeds: Record<string, Feed> = {
      order: { data: order, dims: [steps, batch] },
      share: { data: share, dims: [steps, batch] },
      rates: { data: numbers(rates), dims: [options.ratesPerStep ? steps : 1, heads, 1] },
    };
    if (solver.name !== 'adamw') return feeds;
    const { beta1, beta2 } = solver;
    const corrections = Array.from({ length: steps }, (_, step) => {
      const t = stepsDone + step + 1;
      return [1 / (1 - beta1 ** t), 1 / Math.sqrt(1 - beta2 ** t)];
    });
    return { ...feeds, corrections: { data: numbers(corrections.flat()), dims: [steps, 2, 1] } };
  };
  /** What a piece at neither end of its epoch does without (epoch-graph.ts). */
  const endFeeds = ({ first, last, rates }: EpochPiece): Record<string, Feed> => {
    const feeds: Record<string, Feed> = {};
    if (names.some((name) => name.startsWith('velocity')) && carriedRate(options, 1) !== undefined) {
      const ends = { velocityIn: first, velocityOut: last };
      for (const [name, atEnd] of Object.entries(ends)) {
        const factors = Array.from(rates, (rate) => (atEnd ? carriedRate(options, rate)! : 1));
        feeds[name] = { data: numbers(factors), dims: [heads, 1] };
      }
    }
    if (options.maxNorm === 'epoch' && !last) {
      feeds.radius = column(new Float64Array(rows).fill(Number.POSITIVE_INFINITY));
    }
    return feeds;
  };
  const take = (results: Awaited<ReturnType<Session['run']>>, steps: number): EpochResult => {
    state = Object.fromEntries(names.map((name) => [name, asFeed(results[`next.${name}`])]));
    stepsDone += steps;
    return { losses: results.losses.data as FloatArray, norms: results.norms.data as FloatArray };
  };

  return {
    device: session.device,
    async run(batches) {
      const feeds = { ...fixed, ...state, ...batchFeeds(batches) };
      return take(await session.run(feeds), batches.steps);
    },
    async runPiece(piece) {
      // All that is fed is lent, and only the features are to be: a head of the epoch before may have been kept.
      const own = Object.entries({ ...fixed, ...state, ...batchFeeds(piece), ...endFeeds(piece) });
      const feeds = {
        ...Object.fromEntries(own.map(([name, feed]) => [name, copied(feed)])),
        ...samplesOf(piece.features, piece.labels),
      };
      const outputs = session.outputs.map(({ name }) => name);
      const { results, feeds: returned } = await session.runLent(feeds, outputs);
      return { ...take(results, piece.steps), features: returned.features.data as FloatArray };
    },
    heads: () => ({ weight: state.weight.data as FloatArray, bias: state.bias.data as FloatArray }),
    release: () => session.release(),
  };
}

function asFeed({ data, dims }: { data: Feed['data']; dims: readonly number[] }): Feed {
  return { data, dims };
}

function copied({ data, dims }: Feed): Feed {
  return { data: data.slice() as Feed['data'], dims };
}

/**
 * A session that runs every operator on one device. What onnxruntime would rewrite is slower here: it moves the transposes of a
 * step past the softmax, which then goes over columns (+5 % in all).
 */
async function openWholly(
  model: Uint8Array,
  { device = 'auto', ...how }: SessionOptions & { ownThread?: boolean },
): Promise<Session> {
  const open = (on: Device) => openSession(model, { ...how, device: on, optimize: false });
  const session = await open(device);
  if (!session.partlyOnCpu) return session;
  await session.release();
  if (device === 'auto') return open('cpu');
  throw new TailorError(
    'DEVICE_UNAVAILABLE',
    `Training on ${device}: onnxruntime has no kernel there for every operator of the training graph (Scan and what it ` +
      'runs), so each step would wait for the processor. Use the device cpu.',
  );
}
