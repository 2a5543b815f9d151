/** Which axis of an inner tensor holds its channels: the numbers that a position or token is described by. */
import type { NodeProto } from 'onnx-buf';
import { type GraphView, intsAttribute, plainDomain } from './graph-view.js';
import { findStatic, isRefusal } from './static-tensor.js';

/** How far upstream is looked. */
const maximumSteps = 64;

/** Operators of maps [N, C, …]: channels on axis 1. */
const onAxisOne = new Set([
  ...[
    'Conv',
    'ConvTranspose',
    'FusedConv',
    'DeformConv',
    'BatchNormalization',
    'InstanceNormalization',
    'LRN',
  ],
  ...[
    'AveragePool',
    'MaxPool',
    'LpPool',
    'GlobalAveragePool',
    'GlobalMaxPool',
    'GlobalLpPool',
    'DepthToSpace',
  ],
  ...['GroupNormalization', 'SpaceToDepth', 'QLinearConv', 'ConvInteger', 'Upsample'],
]);
/** Operators of rows […, D]: channels on the last axis. */
const onLastAxis = new Set([
  ...['MatMul', 'Gemm', 'FusedMatMul', 'MatMulInteger', 'LayerNormalization', 'SimplifiedLayerNormalization'],
  ...['SkipLayerNormalization', 'RMSNormalization', 'EmbedLayerNormalization', 'Attention', 'BiasGelu'],
]);
const binary = new Set(['Add', 'Sub', 'Mul', 'Div', 'PRelu']);
/** Operators that leave the axes as they are. */
const keeping = new Set([
  ...['Relu', 'LeakyRelu', 'Elu', 'Selu', 'Celu', 'Gelu', 'Mish', 'HardSwish', 'Swish', 'Softsign', 'Clip'],
  ...['ThresholdedRelu', 'Sigmoid', 'HardSigmoid', 'Tanh', 'Softplus', 'Shrink', 'Erf', 'Pow', 'Exp', 'Sqrt'],
  ...[
    'Identity',
    'Cast',
    'Dropout',
    'Neg',
    'Abs',
    'FastGelu',
    'QuickGelu',
    'DequantizeLinear',
    'QuantizeLinear',
  ],
  ...['Add', 'Sub', 'Mul', 'Div', 'PRelu', 'Max', 'Min', 'Resize', 'Pad', 'Concat', 'Log', 'Reciprocal'],
]);

/**
 * The channel axis, 1 … rank − 1, of a tensor [N, …] of that rank: told by the operators in front of it (a Conv's is 1, a
 * MatMul's the last, a bias or factor with one long axis names its own), followed through transpositions. Where they
 * do not tell: the last axis of three ([N, T, D]: tokens), axis 1 of more ([N, C, H, W]).
 */
export function channelAxis(view: GraphView, name: string, rank: number): number {
  if (rank <= 2) return rank - 1;
  const told = axisFromOperators(view, name, rank);
  return told !== undefined && told >= 1 && told < rank ? told : rank === 3 ? 2 : 1;
}

function axisFromOperators(view: GraphView, name: string, rank: number): number | undefined {
  // From the operator that tells to `name`: transpositions passed on the way, nearest to `name` first.
  const passed: (readonly number[])[] = [];
  const forward = (axis: number) =>
    passed.reduceRight<number>((moved, perm) => perm.indexOf(moved), axis < 0 ? axis + rank : axis);
  let current = name;
  for (let step = 0; step < maximumSteps; step++) {
    const place = view.producers.get(current);
    const node = place && view.graph.node[place.node];
    if (!node || !['', 'com.microsoft'].includes(plainDomain(node.domain))) return undefined;
    if (onAxisOne.has(node.opType)) return forward(1);
    if (onLastAxis.has(node.opType)) return forward(-1);
    let next = node.input[0] ?? '';
    if (node.opType === 'Transpose') {
      const perm = intsAttribute(node, 'perm');
      if (perm?.length !== rank) return undefined;
      passed.push(perm);
    } else if (binary.has(node.opType)) {
      const own = axisOfOperand(view, node);
      if (own !== undefined) return forward(own);
      // A stored number or a gate that broadcasts is not what carries the axes: the other side is.
      if (view.initializers.has(next) || !isRefusal(findStatic(view, next))) next = node.input[1] ?? '';
    } else if (!keeping.has(node.opType)) {
      return undefined;
    }
    current = next;
  }
  return undefined;
}

/** The axis, from the right, on which a stored operand has more than one number; undefined unless it is exactly one. */
function axisOfOperand(view: GraphView, node: NodeProto): number | undefined {
  for (const input of node.input.slice(0, 2)) {
    const found = findStatic(view, input);
    if (isRefusal(found)) continue;
    const long = found.dims.flatMap((length, axis) => (length > 1 ? [axis - found.dims.length] : []));
    if (long.length === 1) return long[0];
  }
  return undefined;
}
