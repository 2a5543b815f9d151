/** Whether a 1×1 convolution works on a map of one position, so that it is a linear head. */
import type { NodeProto } from 'onnx-buf';
import { type GraphView, intAttribute, intsAttribute, plainDomain } from './graph-view.js';
import { findStatic, isRefusal, staticInts } from './static-tensor.js';

/** Operators that work on each element, so that a map of one position stays one. */
const elementwise = new Set([
  ...['Relu', 'LeakyRelu', 'PRelu', 'Elu', 'Selu', 'Celu', 'Gelu', 'Mish', 'Clip', 'Sigmoid', 'HardSigmoid'],
  ...['HardSwish', 'Tanh', 'Softplus', 'Erf', 'Identity', 'Dropout', 'Cast', 'BatchNormalization'],
]);
const arithmetic = new Set(['Add', 'Sub', 'Mul', 'Div']);

/**
 * Looks at stated shapes, then for a global pooling upstream, then at what the graph's output says. `spatial` is how
 * many axes of positions the map has.
 */
export function isOnPooledMap(view: GraphView, conv: NodeProto, spatial: number): boolean {
  return (
    statesOnePosition(view, conv.input[0]) ||
    statesOnePosition(view, conv.output[0]) ||
    isPooled(view, conv.input[0], spatial)
  );
}

function statesOnePosition(view: GraphView, name: string): boolean {
  const dims = view.types.get(name)?.dims;
  return dims !== undefined && dims.length >= 3 && dims.slice(2).every((length) => length === 1);
}

function isPooled(view: GraphView, from: string, spatial: number): boolean {
  const seen = new Set<string>();
  const open = [from];
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    if (seen.has(name)) continue;
    seen.add(name);
    if (statesOnePosition(view, name)) continue;
    const place = view.producers.get(name);
    const node = place && view.graph.node[place.node];
    if (!node || plainDomain(node.domain) !== '') return false;
    if (/^Global(Average|Max|Lp)Pool$/.test(node.opType)) continue;
    if (node.opType === 'ReduceMean' || node.opType === 'ReduceMax') {
      const axes = intsAttribute(node, 'axes') ?? staticInts(view, node.input[1]);
      const spatial = [...(axes ?? [])].map((axis) => (axis < 0 ? axis + 4 : axis)).sort();
      if (intAttribute(node, 'keepdims', 1) === 1 && spatial.join() === '2,3') continue;
      return false;
    }
    if (node.opType === 'Conv') {
      // A 1×1 convolution keeps one position one position.
      const kernel = view.graph.initializer[view.initializers.get(node.input[1] ?? '') ?? -1]?.dims.slice(2);
      const padded = intsAttribute(node, 'pads')?.some((pad) => pad !== 0);
      if (!kernel?.every((length) => length === 1n) || padded) return false;
      open.push(node.input[0]);
    } else if (node.opType === 'Reshape') {
      const shape = staticInts(view, node.input[1]);
      if (!shape || shape.length < 3 || shape.slice(2).some((length) => length !== 1)) return false;
    } else if (node.opType === 'Unsqueeze') {
      const axes = intsAttribute(node, 'axes') ?? staticInts(view, node.input[1]);
      // [N, D] → [N, D, 1, 1]
      if (axes?.join() !== '2,3' && axes?.join() !== '-2,-1' && axes?.join() !== '-1,-2') return false;
    } else if (elementwise.has(node.opType)) {
      open.push(node.input[0]);
    } else if (arithmetic.has(node.opType)) {
      // Stored numbers that have one position themselves leave the other side as it is.
      const others = node.input.filter((input) => !isStoredPosition(view, input, spatial));
      if (others.length === 0) return false;
      open.push(...others);
    } else {
      return false;
    }
  }
  return true;
}

/** Whether stored numbers broadcast onto a map without making it larger. */
function isStoredPosition(view: GraphView, name: string, spatial: number): boolean {
  const found = findStatic(view, name);
  if (isRefusal(found)) return false;
  // Before opset 7 the second operand is fitted to the first, never the other way round.
  return view.opset() < 7 || found.dims.slice(-spatial).every((length) => length === 1);
}
