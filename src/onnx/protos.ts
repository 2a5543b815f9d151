/** ONNX's messages made from plain values: tensors, types, attributes, nodes. */
import { create } from '@bufbuild/protobuf';
import {
  type AttributeProto,
  AttributeProtoSchema,
  AttributeProto_AttributeType as AttributeType,
  TensorProto_DataType as DataType,
  type GraphProto,
  type NodeProto,
  NodeProtoSchema,
  type TensorProto,
  TensorProtoSchema,
  type ValueInfoProto,
  ValueInfoProtoSchema,
} from 'onnx-buf';
import { TailorError } from '../array/errors.js';
import { encodeFloats } from './dtypes.js';

/** Element types by the names that onnxruntime's JavaScript API uses (and bfloat16, which it lacks). */
export const elementTypes = {
  float32: DataType.FLOAT,
  float64: DataType.DOUBLE,
  float16: DataType.FLOAT16,
  bfloat16: DataType.BFLOAT16,
  int8: DataType.INT8,
  uint8: DataType.UINT8,
  int16: DataType.INT16,
  uint16: DataType.UINT16,
  int32: DataType.INT32,
  int64: DataType.INT64,
  uint32: DataType.UINT32,
  uint64: DataType.UINT64,
  bool: DataType.BOOL,
  string: DataType.STRING,
} as const;

/** Name of an element type. */
export type ElementType = keyof typeof elementTypes;

/** Numbers that become a tensor; their array's type gives the element type. */
export type TensorData =
  | Float32Array
  | Float64Array
  | Int8Array
  | Uint8Array
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | BigInt64Array
  | BigUint64Array;

/** A dimension: a length, a name for one that varies, or null for one that is not said. */
export type Dimension = number | string | null;

/**
 * An attribute. A number or a list of numbers is INT or INTS (whole numbers only), a string STRING; the objects name
 * the rest.
 */
export type Attribute =
  | number
  | string
  | readonly number[]
  | { readonly float: number }
  | { readonly floats: ArrayLike<number> }
  | { readonly strings: readonly string[] }
  | { readonly tensor: TensorProto }
  | { readonly graph: GraphProto };

const dataTypesOfArrays = new Map<unknown, ElementType>([
  [Float32Array, 'float32'],
  [Float64Array, 'float64'],
  [Int8Array, 'int8'],
  [Uint8Array, 'uint8'],
  [Int16Array, 'int16'],
  [Uint16Array, 'uint16'],
  [Int32Array, 'int32'],
  [Uint32Array, 'uint32'],
  [BigInt64Array, 'int64'],
  [BigUint64Array, 'uint64'],
]);

/**
 * A tensor with its numbers in `raw_data`. `type` is needed only for float16 and bfloat16 (`data` holds the values and
 * is rounded to nearest, ties to even) and for bool (`data` holds 0 and 1 as bytes).
 */
export function tensorProto(
  data: TensorData,
  dims: readonly number[],
  { name, type }: { name?: string; type?: ElementType } = {},
): TensorProto {
  const elementType = type ?? dataTypesOfArrays.get(data.constructor);
  const count = dims.reduce((product, length) => product * length, 1);
  if (!elementType || data.length !== count) {
    throw new TailorError(
      'SHAPE_MISMATCH',
      `Making a tensor of shape [${dims.join(', ')}]: needs ${count} numbers, got ${data.length}.`,
    );
  }
  const rawData =
    elementType === 'float16' || elementType === 'bfloat16'
      ? encodeFloats(elementType, data as ArrayLike<number>)
      : new Uint8Array(data.buffer as ArrayBuffer, data.byteOffset, data.byteLength);
  const tensor = create(TensorProtoSchema, {
    dims: dims.map(BigInt),
    dataType: elementTypes[elementType],
    rawData,
  });
  if (name !== undefined) tensor.name = name;
  return tensor;
}

/** The description of a tensor at a graph's border; without `dims` its rank is left open. */
export function valueInfo(
  name: string,
  type: ElementType | number,
  dims?: readonly Dimension[],
): ValueInfoProto {
  const shape = dims && {
    dim: dims.map((length) => {
      if (length === null) return {};
      return {
        value:
          typeof length === 'number'
            ? { case: 'dimValue' as const, value: BigInt(length) }
            : { case: 'dimParam' as const, value: length },
      };
    }),
  };
  const elemType = typeof type === 'number' ? type : elementTypes[type];
  return create(ValueInfoProtoSchema, {
    name,
    type: { value: { case: 'tensorType', value: { elemType, shape } } },
  });
}

const utf8 = new TextEncoder();

/** One attribute of a node. */
export function attributeProto(name: string, value: Attribute): AttributeProto {
  if (typeof value === 'number') {
    return create(AttributeProtoSchema, { name, type: AttributeType.INT, i: BigInt(value) });
  }
  if (typeof value === 'string') {
    return create(AttributeProtoSchema, { name, type: AttributeType.STRING, s: utf8.encode(value) });
  }
  if (Array.isArray(value)) {
    return create(AttributeProtoSchema, {
      name,
      type: AttributeType.INTS,
      ints: value.map((i: number) => BigInt(i)),
    });
  }
  const typed = value as Exclude<Attribute, number | string | readonly number[]>;
  if ('float' in typed)
    return create(AttributeProtoSchema, { name, type: AttributeType.FLOAT, f: typed.float });
  if ('floats' in typed) {
    return create(AttributeProtoSchema, {
      name,
      type: AttributeType.FLOATS,
      floats: Array.from(typed.floats),
    });
  }
  if ('strings' in typed) {
    const strings = typed.strings.map((text) => utf8.encode(text));
    return create(AttributeProtoSchema, { name, type: AttributeType.STRINGS, strings });
  }
  if ('tensor' in typed) {
    return create(AttributeProtoSchema, { name, type: AttributeType.TENSOR, t: typed.tensor });
  }
  return create(AttributeProtoSchema, { name, type: AttributeType.GRAPH, g: typed.graph });
}

/** One node. Attributes that are undefined are left out; an empty input name leaves an optional input out. */
export function nodeProto(
  opType: string,
  inputs: readonly string[],
  outputs: readonly string[],
  attributes: Readonly<Record<string, Attribute | undefined>> = {},
  { name, domain }: { name?: string; domain?: string } = {},
): NodeProto {
  const node = create(NodeProtoSchema, { opType, input: [...inputs], output: [...outputs] });
  if (name !== undefined) node.name = name;
  if (domain) node.domain = domain;
  for (const [key, value] of Object.entries(attributes)) {
    if (value !== undefined) node.attribute.push(attributeProto(key, value));
  }
  return node;
}
