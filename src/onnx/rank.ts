/** How many dimensions a tensor has, as far as a short look upstream tells. */
import type { NodeProto } from 'onnx-buf';
import { type GraphView, intsAttribute, plainDomain } from './graph-view.js';
import { findStatic, isRefusal, staticInts } from './static-tensor.js';

/** How far upstream is looked. */
const maximumSteps = 64;

/** Operators whose output has the rank of their first input. */
const rankKeeping = new Set([
  ...[
    'Relu',
    'LeakyRelu',
    'PRelu',
    'Elu',
    'Selu',
    'Celu',
    'Gelu',
    'Mish',
    'Clip',
    'Sigmoid',
    'HardSigmoid',
    'HardSwish',
  ],
  ...[
    'Tanh',
    'Softplus',
    'Erf',
    'Identity',
    'Dropout',
    'Cast',
    'BatchNormalization',
    'LayerNormalization',
    'Softmax',
  ],
  ...[
    'LogSoftmax',
    'GlobalAveragePool',
    'GlobalMaxPool',
    'AveragePool',
    'MaxPool',
    'Conv',
    'Transpose',
    'Neg',
    'Abs',
  ],
  ...['Exp', 'Log', 'Sqrt', 'LRN', 'InstanceNormalization', 'GroupNormalization', 'Pad', 'Slice', 'Concat'],
]);

/** The rank of a tensor, or undefined where it cannot be told. */
export function rankOf(view: GraphView, name: string): number | undefined {
  let shift = 0;
  for (let current = name, step = 0; step < maximumSteps; step++) {
    const stated = view.types.get(current)?.dims;
    if (stated) return stated.length + shift;
    const place = view.producers.get(current);
    const node = place && view.graph.node[place.node];
    if (!node || plainDomain(node.domain) !== '') return undefined;
    const own = ownRank(view, node);
    if (own !== undefined) return own + shift;
    if (node.opType === 'Unsqueeze' || node.opType === 'Squeeze') {
      const axes = intsAttribute(node, 'axes') ?? staticInts(view, node.input[1]);
      if (!axes) return undefined;
      shift += node.opType === 'Unsqueeze' ? axes.length : -axes.length;
    } else if (!rankKeeping.has(node.opType) && !isProductWithMatrix(view, node)) {
      return undefined;
    }
    current = node.input[0] ?? '';
  }
  return undefined;
}

/** The rank that an operator's output has whatever its input. */
function ownRank(view: GraphView, node: NodeProto): number | undefined {
  if (node.opType === 'Gemm' || node.opType === 'Flatten') return 2;
  if (node.opType === 'Reshape')
    return (intsAttribute(node, 'shape') ?? staticInts(view, node.input[1]))?.length;
  return undefined;
}

/** A MatMul by, or an Add, Sub, Mul or Div with, stored numbers of small rank keeps the rank of the other side. */
function isProductWithMatrix(view: GraphView, node: NodeProto): boolean {
  if (!['MatMul', 'Add', 'Sub', 'Mul', 'Div'].includes(node.opType)) return false;
  const operand = findStatic(view, node.input[1] ?? '');
  if (isRefusal(operand)) return false;
  return node.opType === 'MatMul' ? operand.dims.length === 2 : operand.dims.length <= 1;
}
