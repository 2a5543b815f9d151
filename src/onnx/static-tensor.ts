/** Tensors whose numbers lie in the file: initializers and Constant nodes, also through Identity, Cast and Transpose. */

import { create } from '@bufbuild/protobuf';
import { TensorProto_DataType as DataType, type TensorProto, TensorProtoSchema } from 'onnx-buf';
import type { FloatArray } from '../array/matrix.js';
import { quoted } from '../array/text.js';
import { dtypeOf, type HeadDtype, roundTo } from './dtypes.js';
import {
  type attributeOf,
  describeNode,
  type GraphView,
  intAttribute,
  intsAttribute,
  plainDomain,
} from './graph-view.js';
import type { ModelFile } from './model-file.js';
import { assertTensorComplete, readInts, readTensor, tensorDims, transposed } from './tensor-data.js';

/** Why something is not what was looked for. */
export interface Refusal {
  readonly reason: string;
  /** True where there is a linear head, but one that cannot be changed safely. */
  readonly unsupported?: boolean;
  /** True where what the refused operator computes are logits all the same: they can be scaled and shifted. */
  readonly plain?: boolean;
  /** Classes, where the refused thing tells them. */
  readonly classes?: number;
}

/** Operators between stored numbers and their use; exporters write two or three. */
const maximumSteps = 100;

/** Tells a refusal from a result. */
export function isRefusal(value: object): value is Refusal {
  return 'reason' in value;
}

/** One step between stored numbers and their use, from the store on. */
export interface StaticStep {
  readonly node: number;
  readonly op: 'Identity' | 'Cast' | 'Transpose';
  readonly to?: number;
  readonly perm?: readonly number[];
}

/** A tensor that is known before the model runs. `dims` and `dataType` are those at its use, after all steps. */
export interface StaticTensor {
  /** The tensor's name at its use. */
  readonly name: string;
  readonly leaf:
    | { readonly kind: 'initializer'; readonly index: number }
    | { readonly kind: 'constant'; readonly node: number; readonly attribute: number };
  readonly leafName: string;
  readonly proto: TensorProto;
  readonly steps: readonly StaticStep[];
  readonly dims: readonly number[];
  readonly dataType: number;
}

/** Follows `name` back to stored numbers. Checks shape against data (MODEL_INVALID). */
export function findStatic(view: GraphView, name: string): StaticTensor | Refusal {
  const steps: StaticStep[] = [];
  const seen = new Set<string>();
  for (let current = name; ; ) {
    if (seen.has(current)) return { reason: `${quoted(name)} is computed from itself (a cycle)` };
    seen.add(current);
    if (seen.size > maximumSteps)
      return { reason: `${quoted(name)} is behind more than ${maximumSteps} operators` };
    const index = view.initializers.get(current);
    if (index !== undefined) {
      if (view.repeated.has(current)) return { reason: `${quoted(current)} is stored more than once` };
      const proto = view.graph.initializer[index];
      return finish(name, { kind: 'initializer', index }, current, proto, steps);
    }
    if (view.sparse.has(current))
      return { reason: `${quoted(current)} is a sparse tensor`, unsupported: true };
    if (view.inputs.has(current)) {
      return { reason: `${quoted(current)} is an input of the model, not stored in it`, unsupported: true };
    }
    const place = view.producers.get(current);
    if (!place) return { reason: `nothing produces ${quoted(current)}` };
    const node = view.graph.node[place.node];
    if (plainDomain(node.domain) !== '')
      return { reason: `${quoted(current)} is computed by ${describeNode(node)}` };
    switch (node.opType) {
      case 'Constant': {
        const attribute = node.attribute.findIndex(
          ({ name: key }) => key.startsWith('value') || key === 'sparse_value',
        );
        const proto = attribute < 0 ? undefined : constantTensor(node.attribute[attribute]);
        if (!proto)
          return { reason: `${quoted(current)} is a Constant without a dense tensor`, unsupported: true };
        return finish(name, { kind: 'constant', node: place.node, attribute }, current, proto, steps);
      }
      case 'Identity':
        steps.unshift({ node: place.node, op: 'Identity' });
        break;
      case 'Cast':
        steps.unshift({ node: place.node, op: 'Cast', to: intAttribute(node, 'to', 0) });
        break;
      case 'Transpose':
        steps.unshift({ node: place.node, op: 'Transpose', perm: intsAttribute(node, 'perm') });
        break;
      case 'DequantizeLinear':
        return { reason: `${quoted(name)} is quantised (${describeNode(node)})`, unsupported: true };
      default:
        return { reason: `${quoted(current)} is computed by ${describeNode(node)}` };
    }
    current = node.input[0] ?? '';
  }
}

function constantTensor(attribute: NonNullable<ReturnType<typeof attributeOf>>): TensorProto | undefined {
  switch (attribute.name) {
    case 'value':
      return attribute.t;
    case 'value_float':
      return create(TensorProtoSchema, { dataType: DataType.FLOAT, floatData: [attribute.f] });
    case 'value_floats':
      return create(TensorProtoSchema, {
        dataType: DataType.FLOAT,
        dims: [BigInt(attribute.floats.length)],
        floatData: attribute.floats,
      });
    case 'value_ints':
      return create(TensorProtoSchema, {
        dataType: DataType.INT64,
        dims: [BigInt(attribute.ints.length)],
        int64Data: attribute.ints,
      });
    default:
      return undefined;
  }
}

function finish(
  name: string,
  leaf: StaticTensor['leaf'],
  leafName: string,
  proto: TensorProto,
  steps: StaticStep[],
): StaticTensor | Refusal {
  assertTensorComplete(proto);
  if (proto.segment) return { reason: `${quoted(leafName)} is stored in segments`, unsupported: true };
  let dims = tensorDims(proto);
  let dataType = proto.dataType;
  const resolved: StaticStep[] = [];
  for (const step of steps) {
    if (step.op === 'Cast') dataType = step.to ?? 0;
    if (step.op !== 'Transpose') {
      resolved.push(step);
      continue;
    }
    const perm = step.perm ?? dims.map((_, axis) => dims.length - 1 - axis);
    const given = dims;
    if (perm.length !== dims.length || !given.every((_, axis) => perm.includes(axis))) {
      return { reason: `the Transpose in front of ${quoted(name)} does not fit its tensor` };
    }
    dims = perm.map((axis) => given[axis]);
    resolved.push({ ...step, perm });
  }
  return { name, leaf, leafName, proto, steps: resolved, dims, dataType };
}

/** The numbers at the tensor's use: stored, cast (rounded to nearest even) and transposed. */
export async function readStatic(file: ModelFile, tensor: StaticTensor): Promise<FloatArray> {
  let values = await readTensor(file, tensor.proto);
  let dims: readonly number[] = tensorDims(tensor.proto);
  for (const step of tensor.steps) {
    if (step.op === 'Cast') values = roundTo(dtypeOf(step.to ?? 0) as HeadDtype, values);
    if (step.op === 'Transpose' && step.perm) {
      values = transposed(values, dims, step.perm);
      dims = step.perm.map((axis) => dims[axis]);
    }
  }
  return values;
}

/** Whole numbers of a tensor that is stored in the model (a Reshape's shape, axes), or undefined. */
export function staticInts(view: GraphView, name: string | undefined): number[] | undefined {
  if (!name) return undefined;
  const found = findStatic(view, name);
  if (isRefusal(found) || found.steps.some(({ op }) => op === 'Transpose')) return undefined;
  return readInts(found.proto);
}

/** How often a tensor is used: by nodes, by subgraphs (counted as one), by outputs. */
export function useCount(view: GraphView, name: string): number {
  return (
    (view.users.get(name)?.length ?? 0) + (view.captured.has(name) ? 1 : 0) + (view.outputs.has(name) ? 1 : 0)
  );
}

/** Whether nothing but its one use sees the stored numbers, directly or through the steps. */
export function isExclusive(view: GraphView, tensor: StaticTensor): boolean {
  const names = [tensor.leafName, ...tensor.steps.map(({ node }) => view.graph.node[node].output[0])];
  return names.every((name) => useCount(view, name) === 1);
}
