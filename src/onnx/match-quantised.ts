/** Recognises heads whose weights or logits are quantised: changing them would mean quantising again. */
import type { NodeProto } from 'onnx-buf';
import { describeNode, type GraphView } from './graph-view.js';
import type { Refusal } from './static-tensor.js';

/** Products of integers, and the input that is their weight. */
const integerProducts: Readonly<Record<string, number>> = {
  ...{ MatMulInteger: 1, QLinearMatMul: 3, QGemm: 3, DynamicQuantizeMatMul: 1, MatMulIntegerToFloat: 1 },
  ...{ ConvInteger: 1, QLinearConv: 3, MatMulNBits: 1, MatMulBnb4: 1, QAttention: 1 },
};
/** Products whose weight is the last but one dimension by the last. */
const weightIsMatrix = /MatMul|Gemm/;
const products = new Set(['Gemm', 'MatMul', 'Conv']);
/** What stands between integers and the numbers they stand for. */
const scaling = new Set(['Cast', 'Mul', 'Add', 'Identity', 'Reshape', 'Flatten', 'Squeeze', 'QLinearAdd']);
const quantising = new Set(['DequantizeLinear', 'QuantizeLinear', 'DynamicQuantizeLinear']);
/** How far upstream is looked. */
const maximumSteps = 8;

/**
 * Why the head that computes `tensor` is quantised; undefined where it is not. `plain` where a product is found behind
 * the tensor, so that its numbers are logits (a quantised softmax's, say, are not).
 */
export function matchQuantised(view: GraphView, tensor: string): Refusal | undefined {
  const first = producer(view, tensor);
  if (!first || !(first.opType in integerProducts || quantising.has(first.opType) || startsScaling(first))) {
    return undefined;
  }
  let crossed: NodeProto | undefined;
  const seen = new Set<string>();
  const open = [{ name: tensor, step: 0 }];
  for (let at = open.pop(); at; at = open.pop()) {
    const node = producer(view, at.name);
    // Sums of sums would be looked at once for every way that leads to them.
    if (!node || at.step > maximumSteps || seen.has(at.name)) continue;
    seen.add(at.name);
    if (node.opType in integerProducts) {
      return {
        reason: `the head is quantised (${describeNode(node)})`,
        unsupported: true,
        plain: true,
        classes: classesOf(view, node),
      };
    }
    if (crossed && products.has(node.opType)) {
      return { reason: `the head is quantised (${describeNode(crossed)})`, unsupported: true, plain: true };
    }
    if (quantising.has(node.opType)) crossed = node;
    else if (!scaling.has(node.opType)) continue;
    const inputs = quantising.has(node.opType) ? node.input.slice(0, 1) : node.input;
    // The first input last, so that it is followed first.
    for (const name of inputs.toReversed()) open.push({ name, step: at.step + 1 });
  }
  if (!quantising.has(first.opType)) return undefined;
  return { reason: `the head is quantised (${describeNode(first)})`, unsupported: true };
}

function startsScaling({ opType }: NodeProto): boolean {
  return opType === 'Mul' || opType === 'Add' || opType === 'QLinearAdd';
}

function producer(view: GraphView, name: string): NodeProto | undefined {
  const place = view.producers.get(name);
  return place && view.graph.node[place.node];
}

function classesOf(view: GraphView, node: NodeProto): number | undefined {
  if (!weightIsMatrix.test(node.opType) || /NBits|Bnb4|QGemm/.test(node.opType)) return undefined;
  const index = view.initializers.get(node.input[integerProducts[node.opType]] ?? '');
  const length = index === undefined ? undefined : view.graph.initializer[index].dims.at(-1);
  return length === undefined ? undefined : Number(length);
}
