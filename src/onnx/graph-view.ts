/** Look-ups over a model's main graph: who produces and uses which tensor, what is said of types and shapes. */

import {
  TensorProto_DataType as DataType,
  type GraphProto,
  type NodeProto,
  type ValueInfoProto,
} from 'onnx-buf';
import { TailorError } from '../array/errors.js';
import { printable, quoted } from '../array/text.js';
import { graphOf, type ModelFile } from './model-file.js';
import { bodies } from './subgraphs.js';

/** A place in the graph: node index and which of its inputs or outputs. */
export interface Place {
  readonly node: number;
  readonly slot: number;
}

/** Type and shape as the file states them. */
export interface StatedType {
  readonly elementType: number;
  /** Lengths; a string or null for one that varies. Undefined when not even the rank is stated. */
  readonly dims?: readonly (number | string | null)[];
}

/** Look-ups over a graph; indices are positions in `graph.node` and `graph.initializer`. */
export interface GraphView {
  readonly graph: GraphProto;
  readonly producers: ReadonlyMap<string, Place>;
  readonly users: ReadonlyMap<string, readonly Place[]>;
  /** Names that subgraphs (If, Loop, Scan bodies) mention. */
  readonly captured: ReadonlySet<string>;
  readonly initializers: ReadonlyMap<string, number>;
  /** Initializers that are stored more than once. */
  readonly repeated: ReadonlySet<string>;
  readonly sparse: ReadonlySet<string>;
  readonly inputs: ReadonlyMap<string, number>;
  readonly outputs: ReadonlySet<string>;
  readonly types: ReadonlyMap<string, StatedType>;
  /** `domain:name` of the model's own functions. */
  readonly functions: ReadonlySet<string>;
  readonly irVersion: number;
  /** Version of an operator set; 1 where it is not imported. */
  opset(domain?: string): number;
}

const views = new WeakMap<ModelFile, GraphView>();

/** The look-ups of a model, made once. Throws MODEL_INVALID where a name means two things: a tensor
 * that two nodes produce, or that is stored or fed and computed as well; two inputs of one name; a function in ONNX's own domain. */
export function graphView(file: ModelFile): GraphView {
  let view = views.get(file);
  if (!view) {
    view = makeView(file);
    views.set(file, view);
  }
  return view;
}

function makeView(file: ModelFile): GraphView {
  const graph = graphOf(file);
  const producers = new Map<string, Place>();
  const users = new Map<string, Place[]>();
  const captured = new Set<string>();
  graph.node.forEach((node, index) => {
    node.output.forEach((name, slot) => {
      if (name === '') return;
      if (producers.has(name)) {
        throw new TailorError(
          'MODEL_INVALID',
          `Reading the graph: the tensor ${quoted(name)} is produced by two nodes (${describeNode(graph.node[producers.get(name)!.node])} and ${describeNode(node)}); a tensor has one producer. Export the model again.`,
        );
      }
      producers.set(name, { node: index, slot });
    });
    node.input.forEach((name, slot) => {
      if (name === '') return;
      const uses = users.get(name);
      if (uses) uses.push({ node: index, slot });
      else users.set(name, [{ node: index, slot }]);
    });
    for (const name of namesInSubgraphs(node)) captured.add(name);
  });
  assertUnambiguous(file, graph, producers);
  const initializers = new Map<string, number>();
  const repeated = new Set<string>();
  graph.initializer.forEach((tensor, index) => {
    if (initializers.has(tensor.name)) repeated.add(tensor.name);
    initializers.set(tensor.name, index);
  });
  const types = new Map<string, StatedType>();
  for (const info of [...graph.valueInfo, ...graph.input, ...graph.output]) {
    const stated = statedType(info);
    if (stated && (stated.dims || !types.has(info.name))) types.set(info.name, stated);
  }
  const opsets = new Map<string, number>();
  for (const { domain, version } of file.proto.opsetImport) opsets.set(plainDomain(domain), Number(version));
  return {
    graph,
    producers,
    users,
    captured,
    initializers,
    repeated,
    sparse: new Set(graph.sparseInitializer.map((sparse) => sparse.values?.name ?? '')),
    inputs: new Map(graph.input.map((input, index) => [input.name, index])),
    outputs: new Set(graph.output.map((output) => output.name)),
    types,
    functions: new Set(file.proto.functions.map(({ domain, name }) => `${plainDomain(domain)}:${name}`)),
    irVersion: Number(file.proto.irVersion),
    opset: (domain = '') => opsets.get(domain) ?? 1,
  };
}

/** ONNX's own domain has two names. */
export function plainDomain(domain: string): string {
  return domain === 'ai.onnx' ? '' : domain;
}

/** Every tensor name that the subgraphs of a node mention. */
export function namesInSubgraphs(node: NodeProto): Set<string> {
  const names = new Set<string>();
  for (const body of bodies(node)) {
    for (const inner of body.node) for (const name of inner.input) if (name !== '') names.add(name);
    for (const output of body.output) names.add(output.name);
  }
  return names;
}

/** Type and shape that a value's description states, if it is a tensor. */
export function statedType(info: ValueInfoProto): StatedType | undefined {
  if (info.type?.value.case !== 'tensorType') return undefined;
  const { elemType, shape } = info.type.value.value;
  return {
    elementType: elemType || DataType.UNDEFINED,
    dims: shape?.dim.map(({ value }) =>
      value.case === 'dimValue'
        ? Number(value.value)
        : value.case === 'dimParam' && value.value
          ? value.value
          : null,
    ),
  };
}

/**
 * Names that mean two things: which of them runtimes take differs. A function in a domain of ONNX's own may hide the operator of
 * its name or not, as the runtime likes.
 */
function assertUnambiguous(file: ModelFile, graph: GraphProto, producers: ReadonlyMap<string, Place>): void {
  const twice = (found: string) =>
    new TailorError('MODEL_INVALID', `Reading the graph: ${found}. Export the model again.`);
  const inputs = new Set<string>();
  for (const { name } of graph.input) {
    if (inputs.has(name)) throw twice(`there are two inputs called ${quoted(name)}`);
    inputs.add(name);
    if (producers.has(name)) throw twice(`${quoted(name)} is an input and computed as well`);
  }
  for (const { name } of graph.initializer) {
    if (producers.has(name)) throw twice(`${quoted(name)} is stored and computed as well`);
  }
  for (const { domain, name } of file.proto.functions) {
    if (plainDomain(domain) === '' || domain === 'ai.onnx.ml')
      throw twice(`the model has a function ${quoted(name)} of its own in ONNX's domain`);
  }
}

/** How messages name a node: its operator, and its name or first output. */
export function describeNode(node: NodeProto): string {
  const domain = plainDomain(node.domain);
  const called = node.name || node.output[0];
  return `${domain ? `${printable(domain)}.` : ''}${printable(node.opType)}${called ? ` ${quoted(called)}` : ''}`;
}

/** A node's attribute of that name. */
export function attributeOf(node: NodeProto, name: string) {
  return node.attribute.find((attribute) => attribute.name === name);
}

/** An INT attribute, or `fallback`. */
export function intAttribute(node: NodeProto, name: string, fallback: number): number {
  const attribute = attributeOf(node, name);
  return attribute ? Number(attribute.i) : fallback;
}

/** A FLOAT attribute, or `fallback`. */
export function floatAttribute(node: NodeProto, name: string, fallback: number): number {
  return attributeOf(node, name)?.f ?? fallback;
}

/** An INTS attribute, or undefined. */
export function intsAttribute(node: NodeProto, name: string): number[] | undefined {
  return attributeOf(node, name)?.ints.map(Number);
}

/**
 * Which groups of tensors a tensor is upstream of: the first two of them, by index, which tell of every group whether there is
 * another. Each part of the graph is walked over twice at most, however many groups there are.
 */
export function upstreamOf(
  view: GraphView,
  groups: readonly Iterable<string>[],
): ReadonlyMap<string, readonly number[]> {
  const found = new Map<string, number[]>();
  groups.forEach((group, index) => {
    const open = [...group];
    for (let name = open.pop(); name !== undefined; name = open.pop()) {
      const known = found.get(name);
      if (name === '' || known?.includes(index) || known?.length === 2) continue;
      if (known) known.push(index);
      else found.set(name, [index]);
      const place = view.producers.get(name);
      if (!place) continue;
      const node = view.graph.node[place.node];
      for (const input of node.input) open.push(input);
      for (const captured of namesInSubgraphs(node)) open.push(captured);
    }
  });
  return found;
}

/** All tensors that `from` is computed from, `from` included. Iterative and safe on cycles. */
export function ancestors(
  view: GraphView,
  from: Iterable<string>,
): { tensors: Set<string>; nodes: Set<number> } {
  const tensors = new Set<string>();
  const nodes = new Set<number>();
  const open = [...from];
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    if (name === '' || tensors.has(name)) continue;
    tensors.add(name);
    const place = view.producers.get(name);
    if (!place || nodes.has(place.node)) continue;
    nodes.add(place.node);
    const node = view.graph.node[place.node];
    for (const input of node.input) open.push(input);
    for (const captured of namesInSubgraphs(node)) open.push(captured);
  }
  return { tensors, nodes };
}
