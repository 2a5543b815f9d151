/**
 * Softmax and log-softmax written out as primitive operators: Exp(x) / ReduceSum(Exp(x)) and x − log ReduceSum(Exp(x)),
 * with x = z or z − max(z) in any of the forms that exporters produce (keepdims, or Reshape and Expand afterwards).
 */
import type { NodeProto } from 'onnx-buf';
import { type GraphView, intsAttribute, plainDomain } from './graph-view.js';
import type { Activation } from './head-location.js';
import { staticInts } from './static-tensor.js';

/** A written-out softmax: its input z, and the axes that it sums over. */
export interface WrittenSoftmax {
  readonly input: string;
  readonly activation: Activation;
  readonly axes: readonly number[];
}

/** Longest chain of reshaping that is followed. */
const maximumSteps = 16;
/** What may stand between a sum or maximum over the classes and its use: it changes shapes, or values by row only. */
const rowwise = new Set([
  'Identity',
  'Cast',
  'Reshape',
  'Expand',
  'Unsqueeze',
  'Squeeze',
  'Tile',
  'Max',
  'Min',
  'Clip',
  'Add',
  'Where',
]);
const shapesOnly = new Set(['Identity', 'Cast', 'Reshape', 'Expand', 'Unsqueeze', 'Squeeze', 'Tile']);

/** The softmax that ends in `node`, if it is one. */
export function matchWrittenSoftmax(view: GraphView, node: NodeProto): WrittenSoftmax | undefined {
  if (plainDomain(node.domain) !== '') return undefined;
  if (node.opType === 'Div') return matchQuotient(view, node.input[0], node.input[1]);
  if (node.opType === 'Mul') {
    for (const [a, b] of [node.input, [node.input[1], node.input[0]]]) {
      const reciprocal = producer(view, follow(view, b, shapesOnly));
      if (reciprocal?.opType !== 'Reciprocal') continue;
      const match = matchQuotient(view, a, reciprocal.input[0]);
      if (match) return match;
    }
  }
  if (node.opType === 'Sub') return matchLogarithm(view, node.input[0], node.input[1]);
  return undefined;
}

/** Exp(x) / ReduceSum(Exp(x)) */
function matchQuotient(view: GraphView, numerator: string, denominator: string): WrittenSoftmax | undefined {
  const top = follow(view, numerator, new Set(['Identity', 'Cast']));
  const exp = producer(view, top);
  if (exp?.opType !== 'Exp') return undefined;
  const sum = producer(view, follow(view, denominator, shapesOnly));
  if (sum?.opType !== 'ReduceSum' || follow(view, sum.input[0], new Set(['Identity', 'Cast'])) !== top)
    return undefined;
  const axes = reducedAxes(view, sum);
  return axes && { input: withoutMaximum(view, exp.input[0], axes), activation: 'softmax', axes };
}

/** x − Log(ReduceSum(Exp(x))) and z − ReduceLogSumExp(z) */
function matchLogarithm(view: GraphView, x: string, normalizer: string): WrittenSoftmax | undefined {
  const last = producer(view, follow(view, normalizer, shapesOnly));
  if (last?.opType === 'ReduceLogSumExp' && last.input[0] === x) {
    const axes = reducedAxes(view, last);
    return axes && { input: x, activation: 'log-softmax', axes };
  }
  if (last?.opType !== 'Log') return undefined;
  const sum = producer(view, follow(view, last.input[0], shapesOnly));
  const exp = sum?.opType === 'ReduceSum' ? producer(view, sum.input[0]) : undefined;
  if (!sum || exp?.opType !== 'Exp' || exp.input[0] !== x) return undefined;
  const axes = reducedAxes(view, sum);
  return axes && { input: withoutMaximum(view, x, axes), activation: 'log-softmax', axes };
}

/** z where `x` is z − (something that only depends on max z per row), else x: softmax does not see such a shift. */
function withoutMaximum(view: GraphView, x: string, axes: readonly number[]): string {
  const sub = producer(view, x);
  if (sub?.opType !== 'Sub') return x;
  let name = sub.input[1];
  for (let step = 0; step < maximumSteps; step++) {
    const node = producer(view, name);
    if (!node) return x;
    if (node.opType === 'ReduceMax') {
      return node.input[0] === sub.input[0] && reducedAxes(view, node)?.join() === axes.join()
        ? sub.input[0]
        : x;
    }
    if (!rowwise.has(node.opType)) return x;
    const computed = node.input.filter((input) => input !== '' && dependsOnMaximum(view, input));
    name = computed[0] ?? '';
  }
  return x;
}

/** Follows shape operators up to a ReduceMax; constants and shape computations end elsewhere. */
function dependsOnMaximum(view: GraphView, from: string): boolean {
  const open: { name: string; steps: number }[] = [{ name: from, steps: 0 }];
  const seen = new Set<string>();
  for (let at = open.pop(); at; at = open.pop()) {
    const node = producer(view, at.name);
    if (!node || at.steps > maximumSteps || seen.has(at.name)) continue;
    seen.add(at.name);
    if (node.opType === 'ReduceMax') return true;
    if (!rowwise.has(node.opType)) continue;
    const inputs = shapesOnly.has(node.opType) ? node.input.slice(0, 1) : node.input;
    for (const name of inputs) open.push({ name, steps: at.steps + 1 });
  }
  return false;
}

function producer(view: GraphView, name: string | undefined): NodeProto | undefined {
  const place = view.producers.get(name ?? '');
  const node = place && view.graph.node[place.node];
  return node && plainDomain(node.domain) === '' ? node : undefined;
}

function follow(view: GraphView, from: string, through: ReadonlySet<string>): string {
  let name = from;
  for (let step = 0; step < maximumSteps; step++) {
    const node = producer(view, name);
    if (!node || !through.has(node.opType)) return name;
    name = node.input[0];
  }
  return name;
}

function reducedAxes(view: GraphView, node: NodeProto): number[] | undefined {
  return intsAttribute(node, 'axes') ?? staticInts(view, node.input[1]);
}
