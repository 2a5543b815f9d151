/** The activations of a network: which tensors are a nonlinear function, entry by entry, on the way to the head. */
import type { NodeProto } from 'onnx-buf';
import {
  ancestors,
  attributeOf,
  floatAttribute,
  type GraphView,
  namesInSubgraphs,
  plainDomain,
} from './graph-view.js';
import { isStoredNumber, storedNumber } from './stored-number.js';

/** A tensor that an activation gives out. */
export interface ActivationTensor {
  readonly tensor: string;
  /** What computes it: `Relu`, `Clip`, …; `Silu`, `Gelu`, `HardSwish`, `Mish` also where they are written out. */
  readonly operator: string;
  /** Index of the node that gives the tensor out. */
  readonly node: number;
  /** True where no entry can be below 0, so that a further ReLU changes nothing. */
  readonly nonNegative: boolean;
}

/** Activations that are one operator. Clip counts where it bends the function: see `isBend`. */
const operators = new Set([
  ...['Relu', 'LeakyRelu', 'PRelu', 'Elu', 'Selu', 'Celu', 'Gelu', 'Mish', 'HardSwish', 'Swish', 'Softsign'],
  ...['ThresholdedRelu', 'Sigmoid', 'HardSigmoid', 'Tanh', 'Softplus', 'Clip', 'Shrink'],
]);
/** onnxruntime's own, in its domain. */
const runtimeOperators = new Set(['Gelu', 'FastGelu', 'BiasGelu', 'QuickGelu']);
const never = new Set(['Relu', 'Sigmoid', 'HardSigmoid', 'Softplus']);

/** What x·gate(x) is called, by the operator that the gate is made with. */
const gates: Readonly<Record<string, string>> = {
  Sigmoid: 'Silu',
  HardSigmoid: 'HardSwish',
  Clip: 'HardSwish',
  Erf: 'Gelu',
  Tanh: 'Gelu',
  Softplus: 'Mish',
};

/** Operators that work entry by entry and take one tensor and stored single numbers. */
const pointwise = new Set([
  ...[
    'Add',
    'Sub',
    'Mul',
    'Div',
    'Pow',
    'Neg',
    'Exp',
    'Log',
    'Sqrt',
    'Reciprocal',
    'Cast',
    'Identity',
    'Abs',
  ],
  ...['Sigmoid', 'HardSigmoid', 'Tanh', 'Erf', 'Softplus', 'Clip', 'Max', 'Min'],
]);
const scaling = new Set(['Add', 'Sub', 'Mul', 'Div', 'Cast', 'Identity']);

/** How many operators a written-out activation may have on one side. */
const longest = 12;

/**
 * The activations that `to` is computed from (`to` itself included, where it is one), in the order of the nodes. Those
 * of single operators, and x·gate(x) written out with a Sigmoid (Silu), Erf or Tanh (Gelu), HardSigmoid or Clip
 * (HardSwish), or Softplus (Mish): the whole product is the activation then, not its gate. What does not depend on the
 * model's inputs is left out, and so is what lies inside subgraphs and the model's own functions.
 */
export function findActivations(view: GraphView, to: string): ActivationTensor[] {
  const needed = ancestors(view, [to]);
  const dependent = dependentTensors(view);
  const found = new Map<string, ActivationTensor>();
  view.graph.node.forEach((node, index) => {
    const output = node.output[0] ?? '';
    if (!needed.nodes.has(index) || !dependent.has(output)) return;
    const gate = isPlain(node) ? gates[node.opType] : undefined;
    const product = gate && gatedProduct(view, node);
    if (product && needed.tensors.has(product)) {
      const place = view.producers.get(product)!;
      if (!found.has(product))
        found.set(product, { tensor: product, operator: gate, node: place.node, nonNegative: false });
    } else if (isActivation(view, node)) {
      const nonNegative = isNeverNegative(view, node);
      found.set(output, { tensor: output, operator: node.opType, node: index, nonNegative });
    }
  });
  // A gate is found where it begins, its product comes later.
  return [...found.values()].sort((a, b) => a.node - b.node);
}

function isPlain(node: NodeProto): boolean {
  return plainDomain(node.domain) === '';
}

function isActivation(view: GraphView, node: NodeProto): boolean {
  if (view.functions.has(`${plainDomain(node.domain)}:${node.opType}`)) return false;
  if (node.domain === 'com.microsoft') {
    return runtimeOperators.has(node.opType) || attributeOf(node, 'activation') !== undefined;
  }
  return isPlain(node) && operators.has(node.opType) && (node.opType !== 'Clip' || isBend(view, node));
}

/**
 * A Clip from a stored number of −1 or above bends the function (ReLU6 from 0, hard tanh from −1); one from further below is
 * the range of a quantised layer, which hardly any value leaves.
 */
function isBend(view: GraphView, node: NodeProto): boolean {
  const low = clipFrom(view, node);
  return low !== undefined && low >= -1;
}

function clipFrom(view: GraphView, node: NodeProto): number | undefined {
  const attribute = attributeOf(node, 'min');
  return attribute ? attribute.f : storedNumber(view, node.input[1] ?? '');
}

function isNeverNegative(view: GraphView, node: NodeProto): boolean {
  if (node.opType === 'Clip') return (clipFrom(view, node) ?? -1) >= 0;
  if (node.opType === 'ThresholdedRelu') return floatAttribute(node, 'alpha', 1) >= 0;
  return isPlain(node) && never.has(node.opType);
}

/** Where x·gate(x) ends, for a node that a gate is made with; undefined where its output is used otherwise. */
function gatedProduct(view: GraphView, node: NodeProto): string | undefined {
  let current = node.output[0];
  let closed = false;
  for (let step = 0; step < longest; step++) {
    const users = view.users.get(current) ?? [];
    if (users.length !== 1 || view.captured.has(current) || view.outputs.has(current)) break;
    const next = view.graph.node[users[0].node];
    if (!isPlain(next)) break;
    const others = next.input.filter((name) => name !== current && !isStoredNumber(view, name));
    if (others.length === 0 && (scaling.has(next.opType) || (!closed && pointwise.has(next.opType)))) {
      // Behind the product, only a factor (Gelu's ½, HardSwish's 1/6) still belongs to it.
      if (closed && next.opType !== 'Mul' && next.opType !== 'Div') break;
    } else if (
      !closed &&
      next.opType === 'Mul' &&
      others.length === 1 &&
      sameArgument(view, others[0], node.input[0])
    ) {
      closed = true;
    } else {
      break;
    }
    current = next.output[0];
  }
  return closed ? current : undefined;
}

/** Whether the gate's input is a function of `factor`, or of what `factor` is a multiple of, and of nothing else. */
function sameArgument(view: GraphView, factor: string, gateInput: string): boolean {
  for (let root = factor, step = 0; step < longest; step++) {
    if (isFunctionOf(view, gateInput, root)) return true;
    const place = view.producers.get(root);
    const node = place && view.graph.node[place.node];
    if (!node || !isPlain(node) || !['Mul', 'Div', 'Cast', 'Identity'].includes(node.opType)) return false;
    const others = node.input.filter((name) => !isStoredNumber(view, name));
    if (others.length !== 1) return false;
    root = others[0];
  }
  return false;
}

function isFunctionOf(view: GraphView, tensor: string, root: string): boolean {
  const seen = new Set([root]);
  const open = [tensor];
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    if (seen.has(name)) continue;
    if (seen.size > 2 * longest) return false;
    seen.add(name);
    const place = view.producers.get(name);
    const node = place && view.graph.node[place.node];
    if (!node || !isPlain(node) || !pointwise.has(node.opType)) return false;
    open.push(...node.input.filter((input) => input !== '' && !isStoredNumber(view, input)));
  }
  return true;
}

/** Everything that is computed from the inputs that are fed. Nodes are sorted, as ONNX demands. */
function dependentTensors(view: GraphView): Set<string> {
  const dependent = new Set([...view.inputs.keys()].filter((name) => !view.initializers.has(name)));
  for (const node of view.graph.node) {
    const inputs = [...node.input, ...namesInSubgraphs(node)];
    if (inputs.some((name) => dependent.has(name))) for (const name of node.output) dependent.add(name);
  }
  return dependent;
}
