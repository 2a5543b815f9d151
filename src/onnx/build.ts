/**
 * A small builder of ONNX graphs, so that a kernel reads like its formula:
 *
 *     const g = new GraphBuilder();
 *     const x = g.input('x', 'float32', ['n', d]);
 *     g.output(g.gemm(x, g.constant(w, [c, d]), g.constant(b, [c]), { transB: 1 }), 'logits');
 *     const bytes = g.build();
 */
import { create, toBinary } from '@bufbuild/protobuf';
import {
  type FunctionProto,
  type GraphProto,
  GraphProtoSchema,
  type ModelProto,
  ModelProtoSchema,
  OperatorSetIdProtoSchema,
  StringStringEntryProtoSchema,
  type TensorProto,
} from 'onnx-buf';
import {
  type Attribute,
  type Dimension,
  type ElementType,
  elementTypes,
  nodeProto,
  type TensorData,
  tensorProto,
  valueInfo,
} from './protos.js';

/** A tensor of the graph, by its name. */
export type Value = string;

/** Options of a node added by {@link GraphBuilder}. */
export interface NodeOptions {
  /** Names of the outputs; made up where absent. */
  outputs?: readonly string[];
  /** Name of the node. */
  name?: string;
  /** Operator domain; default ONNX's own. */
  domain?: string;
}

/** What a built model says about itself. */
export interface BuildOptions {
  /** Version of ONNX's own operator set. Default 17. */
  opset?: number;
  /** Further operator sets by domain. `ai.onnx.ml` (3) and `com.microsoft` (1) are added when a node uses them. */
  domains?: Readonly<Record<string, number>>;
  /** IR version. Default 8, which goes with opset 17. */
  irVersion?: number;
  metadata?: Readonly<Record<string, string>>;
  functions?: readonly FunctionProto[];
}

const defaultDomainVersions: Readonly<Record<string, number>> = { 'ai.onnx.ml': 3, 'com.microsoft': 1 };

/** Collects nodes in the order in which they are added, and makes a model or a subgraph of them. */
export class GraphBuilder {
  readonly #graph: GraphProto;
  #names = 0;
  readonly #prefix: string;

  /** `name` names the graph, and begins the names that are made up: give subgraphs names of their own. */
  constructor(name = 'g') {
    this.#graph = create(GraphProtoSchema, { name });
    this.#prefix = name;
  }

  /** A tensor name that no other made-up name equals. */
  fresh(): Value {
    return `${this.#prefix}_${this.#names++}`;
  }

  /** An input of the graph. Without `dims` its shape is left open. */
  input(name: string, type: ElementType = 'float32', dims?: readonly Dimension[]): Value {
    this.#graph.input.push(valueInfo(name, type, dims));
    return name;
  }

  /** Makes `value` an output; with a `name` that differs, an Identity gives it that name. */
  output(value: Value, name = value, type: ElementType = 'float32', dims?: readonly Dimension[]): void {
    if (name !== value) this.op('Identity', [value], {}, { outputs: [name] });
    this.#graph.output.push(valueInfo(name, type, dims));
  }

  /** An initializer: numbers that belong to the model. */
  constant(
    data: TensorData,
    dims: readonly number[],
    options: { name?: string; type?: ElementType } = {},
  ): Value {
    const name = options.name ?? this.fresh();
    this.#graph.initializer.push(tensorProto(data, dims, { ...options, name }));
    return name;
  }

  /** A single number of shape []. */
  scalar(value: number, type: 'float32' | 'float64' | 'float16' | 'int64' = 'float32'): Value {
    if (type === 'int64') return this.constant(BigInt64Array.of(BigInt(value)), []);
    return this.constant(type === 'float64' ? Float64Array.of(value) : Float32Array.of(value), [], { type });
  }

  /** A list of whole numbers as an int64 tensor (shapes, axes). */
  ints(...values: number[]): Value {
    return this.constant(BigInt64Array.from(values, BigInt), [values.length]);
  }

  /** An initializer or other ready-made tensor. */
  initializer(tensor: TensorProto): Value {
    this.#graph.initializer.push(tensor);
    return tensor.name;
  }

  /** Says type and shape of an inner tensor. */
  describe(value: Value, type: ElementType, dims?: readonly Dimension[]): Value {
    this.#graph.valueInfo.push(valueInfo(value, type, dims));
    return value;
  }

  /** Any operator with one output. */
  op(
    opType: string,
    inputs: readonly Value[],
    attributes: Readonly<Record<string, Attribute | undefined>> = {},
    options: NodeOptions = {},
  ): Value {
    return this.ops(opType, inputs, attributes, {
      ...options,
      outputs: options.outputs ?? [this.fresh()],
    })[0];
  }

  /** Any operator with the outputs named in `options.outputs`, or `options.count` made-up ones. */
  ops(
    opType: string,
    inputs: readonly Value[],
    attributes: Readonly<Record<string, Attribute | undefined>> = {},
    { outputs, count = 1, name, domain }: NodeOptions & { count?: number } = {},
  ): Value[] {
    const names = outputs ? [...outputs] : Array.from({ length: count }, () => this.fresh());
    this.#graph.node.push(nodeProto(opType, inputs, names, attributes, { name, domain }));
    return names;
  }

  add = (a: Value, b: Value): Value => this.op('Add', [a, b]);
  sub = (a: Value, b: Value): Value => this.op('Sub', [a, b]);
  mul = (a: Value, b: Value): Value => this.op('Mul', [a, b]);
  div = (a: Value, b: Value): Value => this.op('Div', [a, b]);
  matMul = (a: Value, b: Value): Value => this.op('MatMul', [a, b]);
  sqrt = (a: Value): Value => this.op('Sqrt', [a]);
  exp = (a: Value): Value => this.op('Exp', [a]);
  log = (a: Value): Value => this.op('Log', [a]);
  relu = (a: Value): Value => this.op('Relu', [a]);
  transpose = (a: Value, perm?: readonly number[]): Value => this.op('Transpose', [a], { perm });
  reshape = (a: Value, ...dims: number[]): Value => this.op('Reshape', [a, this.ints(...dims)]);
  softmax = (a: Value, axis = -1): Value => this.op('Softmax', [a], { axis });
  logSoftmax = (a: Value, axis = -1): Value => this.op('LogSoftmax', [a], { axis });
  cast = (a: Value, type: ElementType): Value => this.op('Cast', [a], { to: elementTypes[type] });
  /** Columns (of the last axis) from `from` up to `to`. */
  slice = (a: Value, from: number, to: number): Value =>
    this.op('Slice', [a, this.ints(from), this.ints(to), this.ints(-1)]);
  reduceSum = (a: Value, axes: readonly number[], keepdims: 0 | 1 = 1): Value =>
    this.op('ReduceSum', [a, this.ints(...axes)], { keepdims });

  /** alpha·A·B + beta·C, with A and B transposed where said. */
  gemm(
    a: Value,
    b: Value,
    c?: Value,
    { alpha, beta, transA, transB }: { alpha?: number; beta?: number; transA?: 0 | 1; transB?: 0 | 1 } = {},
    options: NodeOptions = {},
  ): Value {
    const attributes = {
      alpha: alpha === undefined ? undefined : { float: alpha },
      beta: beta === undefined ? undefined : { float: beta },
      transA,
      transB,
    };
    return this.op('Gemm', c === undefined ? [a, b] : [a, b, c], attributes, options);
  }

  /** The graph itself, as the attribute of Scan, Loop or If: `{ body: { graph: body.graph() } }`. */
  graph(): GraphProto {
    return this.#graph;
  }

  /** The model as a message, for what `build` does not cover. */
  model({
    opset = 17,
    domains = {},
    irVersion = 8,
    metadata = {},
    functions = [],
  }: BuildOptions = {}): ModelProto {
    const versions: Record<string, number> = { '': opset };
    for (const node of this.#graph.node) {
      if (node.domain in defaultDomainVersions) versions[node.domain] = defaultDomainVersions[node.domain];
    }
    return create(ModelProtoSchema, {
      irVersion: BigInt(irVersion),
      producerName: 'onnx-tailor',
      graph: this.#graph,
      functions: [...functions],
      opsetImport: Object.entries({ ...versions, ...domains }).map(([domain, version]) =>
        create(OperatorSetIdProtoSchema, { domain, version: BigInt(version) }),
      ),
      metadataProps: Object.entries(metadata).map(([key, value]) =>
        create(StringStringEntryProtoSchema, { key, value }),
      ),
    });
  }

  /** The bytes of an .onnx file. */
  build(options: BuildOptions = {}): Uint8Array<ArrayBuffer> {
    return toBinary(ModelProtoSchema, this.model(options)) as Uint8Array<ArrayBuffer>;
  }
}
