/** The element type of a tensor, as stated in the file or as the operators in front of it make it. */
import { TensorProto_DataType as DataType } from 'onnx-buf';
import { type GraphView, intAttribute, plainDomain } from './graph-view.js';
import { findStatic, isRefusal } from './static-tensor.js';

/** How far upstream is looked. */
const maximumSteps = 256;

/** Operators whose first output has the element type of their first input (or of their second: one of them is known). */
const keeping = new Set([
  ...['Relu', 'LeakyRelu', 'PRelu', 'Elu', 'Selu', 'Celu', 'Gelu', 'Mish', 'Clip', 'Sigmoid', 'HardSigmoid'],
  ...['HardSwish', 'Swish', 'Tanh', 'Softplus', 'Softsign', 'ThresholdedRelu', 'Erf', 'Identity', 'Dropout'],
  ...[
    'Conv',
    'ConvTranspose',
    'MatMul',
    'Gemm',
    'Add',
    'Sub',
    'Mul',
    'Div',
    'Pow',
    'Max',
    'Min',
    'Sum',
    'Mean',
  ],
  ...['BatchNormalization', 'InstanceNormalization', 'LayerNormalization', 'GroupNormalization', 'LRN'],
  ...['AveragePool', 'MaxPool', 'GlobalAveragePool', 'GlobalMaxPool', 'ReduceMean', 'ReduceMax', 'ReduceSum'],
  ...['Reshape', 'Flatten', 'Squeeze', 'Unsqueeze', 'Transpose', 'Slice', 'Pad', 'Concat', 'Split', 'Gather'],
  ...['Expand', 'Tile', 'Softmax', 'LogSoftmax', 'Neg', 'Abs', 'Exp', 'Log', 'Sqrt', 'Reciprocal', 'Resize'],
  ...['RMSNormalization', 'LpNormalization', 'FastGelu', 'QuickGelu', 'BiasGelu', 'FusedConv', 'FusedMatMul'],
]);

/** ONNX's number of the type, or undefined where neither the file nor a walk upstream tells it. */
export function elementTypeOf(view: GraphView, name: string): number | undefined {
  const seen = new Set<string>();
  // The second inputs of what was passed: weights, mostly, which tell the type where a long way of data does not.
  const open = [name];
  for (let step = 0; step < maximumSteps; step++) {
    const current = open.pop();
    if (current === undefined) return undefined;
    if (current === '' || seen.has(current)) continue;
    seen.add(current);
    const stated = view.types.get(current)?.elementType;
    if (stated) return stated;
    const stored = findStatic(view, current);
    if (!isRefusal(stored)) return stored.dataType || undefined;
    const place = view.producers.get(current);
    const node = place && view.graph.node[place.node];
    if (!node || view.functions.has(`${plainDomain(node.domain)}:${node.opType}`)) continue;
    if (node.opType === 'Cast') return intAttribute(node, 'to', DataType.UNDEFINED) || undefined;
    if (node.opType === 'DequantizeLinear') open.push(node.input[1] ?? '');
    else if (keeping.has(node.opType) && (place.slot === 0 || node.opType === 'Split')) {
      // Reshape's shape, Clip's bounds and the like are not of the data's type, or tell no more than the data.
      if (typedSecond.has(node.opType)) open.push(node.input[1] ?? '');
      open.push(node.input[0] ?? '');
    }
  }
  return undefined;
}

const typedSecond = new Set([
  ...['Conv', 'ConvTranspose', 'MatMul', 'Gemm', 'Add', 'Sub', 'Mul', 'Div', 'PRelu', 'BatchNormalization'],
  ...['InstanceNormalization', 'Concat', 'Max', 'Min', 'Sum', 'Mean', 'FusedConv', 'FusedMatMul', 'BiasGelu'],
]);
