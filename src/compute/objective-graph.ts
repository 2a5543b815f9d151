/**
 * The objective of a convex fit as an ONNX graph: weighted cross-entropy of all samples with decay, and its gradient,
 * in any linear coordinates of (W, b). src/head/objective.ts is the same to be read, in float64 TypeScript.
 *
 * θ is W and b side by side, [C, D+1]; a coordinate matrix R, [D+1, D+1], makes it from the point, θ = x R, and the
 * gradient by x is (∂/∂θ) Rᵀ. That algebra and the decay are always computed in float64; the part with the samples is
 * computed in float32 (several times faster) or float64 (for the last digits), as asked.
 */
import {
  chunksOf,
  type FeatureRows,
  type Features,
  featureRows,
  rowsPerPiece,
} from '../array/feature-rows.js';
import { GraphBuilder, type Value } from '../onnx/build.js';
import type { NamedDevice } from '../runtime/ort.js';
import { openSession, type SessionOptions } from '../runtime/session.js';

/** Numbers (features and logits together) in one run: 128 MB of float32, 256 MB of float64, a few times over. */
const CHUNK_NUMBERS = 2 ** 25;

const DOING = 'Fitting a head';

/** What is minimised: (1/N) Σ_i v_i CE(z_i + a, t_i) + λ/2 ‖θ‖². */
export interface CrossEntropyProblem {
  /** f, [N, D]; those that are not in memory are read anew for every evaluation. */
  readonly features: Features;
  /** y, [N]. */
  readonly labels: Int32Array;
  readonly classes: number;
  /** v, [N], at least 0: class weights and sample weights. */
  readonly weights: Float64Array;
  /** a, [C], added to the logits: τ log π of balanced softmax. */
  readonly offset: Float64Array;
  /** ε: the target t_i is (1−ε)·one-hot + ε/C. */
  readonly labelSmoothing: number;
  /** λ. */
  readonly weightDecay: number;
  /** Whether the bias is part of θ in the decay. */
  readonly decayBias: boolean;
}

/** How the graph computes. */
export interface ObjectiveGraphOptions extends SessionOptions {
  /** Number type of the part with the samples. Default 'float32'. */
  readonly type?: 'float32' | 'float64';
  /** R, row-major [D+1, D+1]; default: the identity. */
  readonly coordinates?: Float64Array;
  /** Samples in one run; default: as many as fit into a few hundred MB. */
  readonly chunk?: number;
}

/** The objective at a point. */
export interface ObjectiveAt {
  readonly value: number;
  /** By the point, [C, D+1]. */
  readonly gradient: Float64Array;
  /** By θ, [C, D+1]: the same numbers where the coordinates are the identity. */
  readonly thetaGradient: Float64Array;
}

/** An objective that is ready to be asked. */
export interface ObjectiveSession {
  readonly device: NamedDevice;
  /** `point` is row-major [C, D+1]. ABORTED between chunks; NOT_FINITE and what reading throws for features from a file. */
  evaluate(point: Float64Array, signal?: AbortSignal): Promise<ObjectiveAt>;
  release(): Promise<void>;
}

/** Builds and loads the graph. Throws DEVICE_UNAVAILABLE; the problem is taken as it is, unchecked. */
export async function openObjective(
  problem: CrossEntropyProblem,
  { type = 'float32', coordinates, chunk, ...where }: ObjectiveGraphOptions = {},
): Promise<ObjectiveSession> {
  const { classes } = problem;
  const rows = featureRows(problem.features);
  const { samples, dimensions, held } = rows;
  const width = dimensions + 1;
  const labels = BigInt64Array.from(problem.labels, BigInt);
  const shares = problem.weights.map((v) => v / samples);
  const weights = type === 'float32' ? Float32Array.from(shares) : shares;
  const decay = new Float64Array(width).fill(problem.weightDecay);
  if (!problem.decayBias) decay[dimensions] = 0;
  const noDecay = new Float64Array(width);
  const perRun = chunk ?? samplesPerRun(rows, classes);
  const session = await openSession(objectiveModel(problem, type, coordinates), {
    ...where,
    ownThread: !held,
  });

  const evaluate = async (point: Float64Array, signal?: AbortSignal): Promise<ObjectiveAt> => {
    let value = 0;
    let gradient: Float64Array | undefined;
    let thetaGradient: Float64Array | undefined;
    for await (const { from, count, data } of chunksOf(rows, perRun, { doing: DOING, signal })) {
      const result = await session.run({
        x: { data: point, dims: [classes, width] },
        f: { data, dims: [count, dimensions] },
        y: { data: labels.subarray(from, from + count), dims: [count, 1] },
        v: { data: weights.subarray(from, from + count), dims: [count, 1] },
        // Everything is linear in the chunks but the decay, which belongs to the first.
        decay: { data: from === 0 ? decay : noDecay, dims: [1, width] },
      });
      value += Number(result.value.data[0]);
      gradient = sum(gradient, result.gradient.data as Float64Array);
      thetaGradient = coordinates ? sum(thetaGradient, result.theta_gradient.data as Float64Array) : gradient;
    }
    return { value, gradient: gradient!, thetaGradient: thetaGradient! };
  };
  return { device: session.device, evaluate, release: () => session.release() };
}

function sum(total: Float64Array | undefined, part: Float64Array): Float64Array {
  if (!total) return part;
  for (let i = 0; i < total.length; i++) total[i] += part[i];
  return total;
}

/** What both graphs begin with: θ = x R = [W b] and log softmax(F Wᵀ + b + a). */
function beginGraph(
  { features, classes, offset }: CrossEntropyProblem,
  type: 'float32' | 'float64',
  coordinates: Float64Array | undefined,
): { g: GraphBuilder; f: Value; v: Value; theta: Value; r: Value | undefined; logP: Value } {
  const { dimensions } = featureRows(features);
  const width = dimensions + 1;
  const g = new GraphBuilder();
  const x = g.input('x', 'float64', [classes, width]);
  const f = g.cast(g.input('f', 'float32', ['n', dimensions]), type);
  const v = g.input('v', type, ['n', 1]);
  const r = coordinates && g.constant(coordinates, [width, width]);
  const theta = r ? g.matMul(x, r) : x;
  const w = g.cast(g.slice(theta, 0, dimensions), type);
  const b = g.cast(g.reshape(g.slice(theta, dimensions, width), classes), type);
  const z = g.gemm(f, w, g.add(b, g.cast(g.constant(offset, [classes]), type)), { transB: 1 });
  return { g, f, v, theta, r, logP: g.logSoftmax(z) };
}

function objectiveModel(
  problem: CrossEntropyProblem,
  type: 'float32' | 'float64',
  coordinates: Float64Array | undefined,
): Uint8Array {
  const { features, classes, labelSmoothing: smoothing } = problem;
  const width = featureRows(features).dimensions + 1;
  const { g, f, v, theta, r, logP } = beginGraph(problem, type, coordinates);
  const y = g.input('y', 'int64', ['n', 1]);
  const decay = g.input('decay', 'float64', [1, width]);

  // L = −Σ v (t·log p);  ∂L/∂z = v (p − t)
  const atLabel = g.mul(g.scalar(1 - smoothing, type), g.op('GatherElements', [logP, y], { axis: 1 }));
  const everywhere = g.mul(g.scalar(smoothing / classes, type), g.reduceSum(logP, [1]));
  const logLikelihood = smoothing > 0 ? g.add(atLabel, everywhere) : atLabel;
  const p = smoothing > 0 ? g.sub(g.exp(logP), g.scalar(smoothing / classes, type)) : g.exp(logP);
  const atTarget = g.mul(v, g.scalar(smoothing - 1, type));
  const dz = g.op('ScatterElements', [g.mul(p, v), y, atTarget], { axis: 1, reduction: 'add' });
  // Summed in float64: N terms would cost float32 half its digits.
  const loss = g.op('Neg', [g.reduceSum(g.cast(g.mul(logLikelihood, v), 'float64'), [0, 1], 0)]);

  // ∂/∂θ = [dzᵀ F, Σ dz] + λθ;  ∂/∂x = (∂/∂θ) Rᵀ
  const dw = g.gemm(dz, f, undefined, { transA: 1 });
  const db = g.reshape(g.reduceSum(dz, [0]), classes, 1);
  const data = g.op('Concat', [g.cast(dw, 'float64'), g.cast(db, 'float64')], { axis: 1 });
  const decayed = g.mul(theta, decay);
  const gradient = g.add(data, decayed);
  const penalty = g.mul(g.scalar(0.5, 'float64'), g.reduceSum(g.mul(theta, decayed), [0, 1], 0));

  g.output(g.add(loss, penalty), 'value', 'float64', []);
  if (r) g.output(gradient, 'theta_gradient', 'float64', [classes, width]);
  const byPoint: Value = r ? g.gemm(gradient, r, undefined, { transB: 1 }) : gradient;
  g.output(byPoint, 'gradient', 'float64', [classes, width]);
  // ScatterElements adds since opset 16, on cuda for every float type since 18.
  return g.build({ opset: 18 });
}

/**
 * Curvature of each sample at a point, [N]: u_i = v_i (1 − Σ_k p_ik²) / C, with which Σ_i u_i x_i x_iᵀ / N is the mean over the
 * classes of the Hessian's diagonal blocks Σ_i v_i p_ik (1 − p_ik) x_i x_iᵀ / N. In float32. Throws DEVICE_UNAVAILABLE, ABORTED.
 */
export async function sampleCurvatures(
  problem: CrossEntropyProblem,
  point: Float64Array,
  { coordinates, chunk, signal, ...where }: ObjectiveGraphOptions & { signal?: AbortSignal } = {},
): Promise<Float32Array> {
  const { classes } = problem;
  const rows = featureRows(problem.features);
  const { samples, dimensions, held } = rows;
  const { g, v, logP } = beginGraph(problem, 'float32', coordinates);
  const left = g.sub(g.scalar(1), g.reduceSum(g.exp(g.mul(logP, g.scalar(2))), [1]));
  g.output(g.mul(g.mul(v, left), g.scalar(1 / classes)), 'u', 'float32', ['n', 1]);
  const weights = Float32Array.from(problem.weights);
  const perRun = chunk ?? samplesPerRun(rows, classes);
  const curvatures = new Float32Array(samples);
  const session = await openSession(g.build(), { ...where, ownThread: !held });
  try {
    for await (const { from, count, data } of chunksOf(rows, perRun, { doing: DOING, signal })) {
      const { u } = await session.run({
        x: { data: point, dims: [classes, dimensions + 1] },
        f: { data, dims: [count, dimensions] },
        v: { data: weights.subarray(from, from + count), dims: [count, 1] },
      });
      curvatures.set(u.data as Float32Array, from);
    }
  } finally {
    await session.release();
  }
  // Rounding may leave a sample that is certain a little below 0.
  return curvatures.map((u) => Math.max(u, 0));
}

/** What is read from a file is not all that a run holds: as much again is read meanwhile, and the work takes some times as much. */
function samplesPerRun(rows: FeatureRows, classes: number): number {
  const width = rows.dimensions + classes;
  return rows.held ? Math.max(1, Math.floor(CHUNK_NUMBERS / width)) : rowsPerPiece(rows, 4 * width);
}
