/** Edits of a model's graph in its own terms: nodes, inputs, attributes, tensors. Positions are those before any edit. */
import { create, toBinary } from '@bufbuild/protobuf';
import {
  type AttributeProto,
  AttributeProtoSchema,
  TensorProto_DataLocation as DataLocation,
  GraphProtoSchema,
  ModelProtoSchema,
  type NodeProto,
  NodeProtoSchema,
  StringStringEntryProtoSchema,
  type TensorProto,
  TensorProtoSchema,
  type ValueInfoProto,
} from 'onnx-buf';
import type { ExternalReference } from './external-data.js';
import type { GraphView } from './graph-view.js';
import type { Edit, FieldPath } from './splice.js';

const graphField = GraphProtoSchema.field;
const nodeField = NodeProtoSchema.field;
const attributeField = AttributeProtoSchema.field;
const tensorField = TensorProtoSchema.field;
const utf8 = new TextEncoder();

/** Where the main graph lies in a model. */
export const graphPath: FieldPath = [[ModelProtoSchema.field.graph.number, 0]];
export const nodePath = (node: number): FieldPath => [...graphPath, [graphField.node.number, node]];
export const initializerPath = (index: number): FieldPath => [
  ...graphPath,
  [graphField.initializer.number, index],
];
export const inputPath = (index: number): FieldPath => [...graphPath, [graphField.input.number, index]];
export const attributePath = (node: number, attribute: number): FieldPath => [
  ...nodePath(node),
  [nodeField.attribute.number, attribute],
];
/** The tensor inside an attribute. */
export const attributeTensorPath = (node: number, attribute: number): FieldPath => [
  ...attributePath(node, attribute),
  [attributeField.t.number, 0],
];

/** Makes input `slot` of a node another tensor; appends it where the node has fewer inputs. */
export function setNodeInput(view: GraphView, node: number, slot: number, name: string): Edit {
  const { input } = view.graph.node[node];
  if (slot < input.length) {
    return {
      kind: 'replace',
      at: [...nodePath(node), [nodeField.input.number, slot]],
      payload: utf8.encode(name),
    };
  }
  const added = [...new Array<string>(slot - input.length).fill(''), name];
  const records = toBinary(NodeProtoSchema, create(NodeProtoSchema, { input: added }));
  return { kind: 'append', into: nodePath(node), field: nodeField.input.number, records };
}

/** Gives output `slot` of a node another name; appends it where the node has fewer outputs. */
export function setNodeOutput(view: GraphView, node: number, slot: number, name: string): Edit {
  const { output } = view.graph.node[node];
  if (slot < output.length) {
    return {
      kind: 'replace',
      at: [...nodePath(node), [nodeField.output.number, slot]],
      payload: utf8.encode(name),
    };
  }
  const added = [...new Array<string>(slot - output.length).fill(''), name];
  const records = toBinary(NodeProtoSchema, create(NodeProtoSchema, { output: added }));
  return { kind: 'append', into: nodePath(node), field: nodeField.output.number, records };
}

function setAttribute(
  view: GraphView,
  node: number,
  name: string,
  field: number,
  value: Partial<Pick<AttributeProto, 'f' | 's' | 'floats'>>,
): Edit {
  const attribute = view.graph.node[node].attribute.findIndex((one) => one.name === name);
  const records = toBinary(AttributeProtoSchema, create(AttributeProtoSchema, value));
  return { kind: 'set', into: attributePath(node, attribute), fields: [field], records };
}

/** Sets the FLOAT value of an attribute that is there. */
export function setFloatAttribute(view: GraphView, node: number, name: string, value: number): Edit {
  return setAttribute(view, node, name, attributeField.f.number, { f: value });
}

/** Sets the STRING value of an attribute that is there. */
export function setStringAttribute(view: GraphView, node: number, name: string, value: string): Edit {
  return setAttribute(view, node, name, attributeField.s.number, { s: utf8.encode(value) });
}

/** Sets the FLOATS value of an attribute that is there. */
export function setFloatsAttribute(
  view: GraphView,
  node: number,
  name: string,
  values: ArrayLike<number>,
): Edit {
  return setAttribute(view, node, name, attributeField.floats.number, { floats: Array.from(values) });
}

/** Gives a node an attribute that it does not have. */
export function appendAttribute(node: number, attribute: AttributeProto): Edit {
  const records = toBinary(NodeProtoSchema, create(NodeProtoSchema, { attribute: [attribute] }));
  return { kind: 'append', into: nodePath(node), field: nodeField.attribute.number, records };
}

/** Puts nodes behind the node at a position. */
export function insertNodes(after: number, nodes: readonly NodeProto[]): Edit {
  const records = toBinary(GraphProtoSchema, create(GraphProtoSchema, { node: [...nodes] }));
  return { kind: 'insert', after: nodePath(after), records };
}

/** Puts nodes behind the last. */
export function appendNodes(nodes: readonly NodeProto[]): Edit {
  const records = toBinary(GraphProtoSchema, create(GraphProtoSchema, { node: [...nodes] }));
  return { kind: 'append', into: graphPath, field: graphField.node.number, records };
}

/** Adds an initializer. */
export function appendInitializer(tensor: TensorProto): Edit {
  const records = toBinary(GraphProtoSchema, create(GraphProtoSchema, { initializer: [tensor] }));
  return { kind: 'append', into: graphPath, field: graphField.initializer.number, records };
}

/** Adds a graph input; before IR version 4, every initializer is one. */
export function appendInput(info: ValueInfoProto): Edit {
  const records = toBinary(GraphProtoSchema, create(GraphProtoSchema, { input: [info] }));
  return { kind: 'append', into: graphPath, field: graphField.input.number, records };
}

/** Replaces the graph's outputs. */
export function setOutputs(outputs: readonly ValueInfoProto[]): Edit {
  const records = toBinary(GraphProtoSchema, create(GraphProtoSchema, { output: [...outputs] }));
  return { kind: 'set', into: graphPath, fields: [graphField.output.number], records };
}

const dataFields = [
  tensorField.floatData.number,
  tensorField.int32Data.number,
  tensorField.doubleData.number,
  tensorField.rawData.number,
  tensorField.externalData.number,
  tensorField.dataLocation.number,
];

/** What a tensor's data can be replaced by. */
export type TensorContents = Partial<Pick<TensorProto, 'rawData' | 'floatData' | 'int32Data' | 'doubleData'>>;

/** Replaces the data of a stored tensor, wherever it was; name, type, shape and the rest stay. */
export function setTensorData(path: FieldPath, contents: TensorContents): Edit {
  const records = toBinary(TensorProtoSchema, create(TensorProtoSchema, contents));
  return { kind: 'set', into: path, fields: dataFields, records };
}

/** Makes a stored tensor refer to another file. */
export function setTensorReference(path: FieldPath, reference: ExternalReference): Edit {
  const records = toBinary(TensorProtoSchema, create(TensorProtoSchema, externalContents(reference)));
  return { kind: 'set', into: path, fields: dataFields, records };
}

/** The fields of a tensor whose data lies in another file. */
export function externalContents({ location, offset, length }: ExternalReference) {
  const entries = { location, offset: String(offset), length: String(length) };
  return {
    dataLocation: DataLocation.EXTERNAL,
    externalData: Object.entries(entries).map(([key, value]) =>
      create(StringStringEntryProtoSchema, { key, value }),
    ),
  };
}

/** A tensor name that is not taken yet: `base`, or `base_2` and so on. Remembers what it gave out in `given`. */
export function freshName(view: GraphView, given: Set<string>, base: string): string {
  const taken = (name: string) =>
    given.has(name) ||
    view.producers.has(name) ||
    view.users.has(name) ||
    view.initializers.has(name) ||
    view.inputs.has(name) ||
    view.outputs.has(name) ||
    view.captured.has(name);
  let name = base;
  for (let i = 2; taken(name); i++) name = `${base}_${i}`;
  given.add(name);
  return name;
}
