/** Losses of a batch and their derivatives by the logits, as nodes of a graph. */
import type { GraphBuilder, Value } from '../onnx/build.js';
import { elementTypes } from '../onnx/protos.js';
import type { EpochGraphOptions } from './epoch-options.js';

/** A norm below this counts as this where something is divided by it. */
const TINY_NORM = 1e-30;

/** A batch's loss as nodes. */
export interface BatchLoss {
  /** Minus the loss of each sample, [batch, K]. */
  readonly minusLosses: Value;
  /** Its derivative by the logits, [batch, K, C]. */
  readonly slope: Value;
}

/** The targets (1−ε)·one-hot + ε/C of labels [n], as [n, 1, C]. */
export function targetsOf(
  b: GraphBuilder,
  { type, classes, labelSmoothing }: EpochGraphOptions,
  labels: Value,
): Value {
  // OneHot has no kernel for float64 values.
  const hot = b.op('OneHot', [labels, b.scalar(classes, 'int64'), b.constant(Float32Array.of(0, 1), [2])]);
  const rows = b.op('Cast', [b.op('Unsqueeze', [hot, b.ints(1)])], { to: elementTypes[type] });
  if (labelSmoothing === 0) return rows;
  const kept = b.mul(rows, b.scalar(1 - labelSmoothing, type));
  return b.add(kept, b.scalar(labelSmoothing / classes, type));
}

/** Z [K·C, batch] as [batch, K, C]. */
function bySample(b: GraphBuilder, { heads, classes, batch }: EpochGraphOptions, z: Value): Value {
  return b.transpose(b.reshape(z, heads, classes, batch), [2, 0, 1]);
}

/** −Σ_k t_k log softmax(W f + b)_k and its derivative by the logits, softmax − t. */
export function crossEntropy(
  b: GraphBuilder,
  options: EpochGraphOptions,
  weight: Value,
  bias: Value,
  x: Value,
  target: Value,
): BatchLoss {
  const z = b.gemm(weight, x, bias, { transB: 1 });
  const logP = b.logSoftmax(bySample(b, options, z));
  return {
    minusLosses: b.reduceSum(b.mul(logP, target), [2], 0),
    slope: b.sub(b.exp(logP), target),
  };
}

/**
 * (w_y·f − n)² / 2n with n = ‖w_y‖‖f‖ held constant, and its derivative by w_y·f: cos(w_y, f) − 1. Without a bias. Where
 * a norm is 0 the cosine counts as 0.
 */
export function dotRegression(
  b: GraphBuilder,
  options: EpochGraphOptions,
  weight: Value,
  x: Value,
  target: Value,
): BatchLoss {
  const { type } = options;
  const norms = b.mul(rowNorm(b, weight), b.reshape(rowNorm(b, x), 1, options.batch));
  const n = bySample(b, options, b.op('Max', [norms, b.scalar(TINY_NORM, type)]));
  const z = bySample(b, options, b.gemm(weight, x, undefined, { transB: 1 }));
  const short = b.mul(b.sub(b.div(z, n), b.scalar(1, type)), target);
  const minusLosses = b.mul(b.mul(b.mul(short, short), n), b.scalar(-0.5, type));
  return { minusLosses: b.reduceSum(minusLosses, [2], 0), slope: short };
}

/** ‖row‖, [rows, 1]. */
export function rowNorm(b: GraphBuilder, rows: Value): Value {
  return b.sqrt(b.op('ReduceSumSquare', [rows], { axes: [1], keepdims: 1 }));
}
