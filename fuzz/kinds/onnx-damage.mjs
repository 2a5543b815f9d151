// Damage to decoded models: each leaves a file that decodes, and is wrong, or strange, in what it says.
import { clone, create } from '@bufbuild/protobuf';
import {
  AttributeProtoSchema,
  FunctionProtoSchema,
  GraphProtoSchema,
  NodeProtoSchema,
  OperatorSetIdProtoSchema,
  SparseTensorProtoSchema,
  StringStringEntryProtoSchema,
  TensorProtoSchema,
} from 'onnx-buf';
import { EDGES, TEXTS } from '../random.mjs';

const OPS = [
  'Gemm',
  'MatMul',
  'Add',
  'Conv',
  'Identity',
  'Cast',
  'Transpose',
  'Constant',
  'Softmax',
  'LogSoftmax',
  'Reshape',
  'Flatten',
  'Squeeze',
  'Unsqueeze',
  'Dropout',
  'ArgMax',
  'TopK',
  'Gather',
  'ReduceMax',
  'Sigmoid',
  'Mul',
  'Div',
  'Sub',
  'Exp',
  'Log',
  'ReduceSum',
  'If',
  'Loop',
  'Scan',
  'QuantizeLinear',
  'DequantizeLinear',
  'MatMulInteger',
  'QGemm',
  'LinearClassifier',
  'Normalizer',
  'ZipMap',
  'LabelEncoder',
  'TreeEnsembleClassifier',
  'BatchNormalization',
  'GlobalAveragePool',
  'SequenceMap',
  'Relu',
  'Clip',
  'Expand',
  '',
];
const DOMAINS = [
  '',
  'ai.onnx',
  'ai.onnx.ml',
  'com.microsoft',
  'com.example',
  'ai.onnx.training',
  '__proto__',
  '\x1b[31m',
];
const LOCATIONS = [
  'data',
  'sub/data',
  './data',
  'sub/../data',
  'data/.',
  '',
  '.',
  '..',
  '../outside',
  'sub/../../outside',
  '/etc/hostname',
  '/dev/zero',
  '/proc/self/mem',
  'link',
  'pipe',
  'sub',
  'case.onnx',
  'missing',
  'http://example.com/x',
  'file:///etc/hostname',
  'C:\\x',
  '\\\\server\\x',
  'a\0b',
  'x'.repeat(5000),
  '\x1b[2J',
  'data ',
  '*',
  '_',
  '__proto__',
];
const SIZES = [
  '0',
  '1',
  '4',
  '16',
  '80',
  '100',
  '-1',
  '-80',
  '1e3',
  '0x10',
  ' 8',
  '9007199254740993',
  '18446744073709551616',
  'NaN',
  '',
  'abc',
  '4294967296',
  '4.5',
];

const int = (random) => BigInt(random.pick(EDGES));
const int64 = (random) => BigInt.asIntN(64, int(random));
const int32 = (random) => Number(BigInt.asIntN(32, int(random)));
const dims = (random) =>
  Array.from({ length: random.pick([0, 1, 1, 2, 2, 2, 3, 4, 70]) }, () =>
    random.chance(0.5) ? BigInt(1 + random.below(6)) : int64(random),
  );
const entries = (record) =>
  Object.entries(record).map(([key, value]) => create(StringStringEntryProtoSchema, { key, value }));

/** All graphs of a model: the main one and bodies. */
function graphsOf(model) {
  const found = [];
  const open = model.graph ? [model.graph] : [];
  for (let graph = open.pop(); graph && found.length < 100; graph = open.pop()) {
    found.push(graph);
    for (const node of graph.node)
      for (const { g, graphs } of node.attribute) open.push(...(g ? [g] : []), ...graphs);
  }
  return found;
}

function tensorsOf(graph) {
  return [
    ...graph.initializer,
    ...graph.node.flatMap(({ attribute }) =>
      attribute.flatMap(({ t, tensors }) => [...(t ? [t] : []), ...tensors]),
    ),
  ];
}

function makeExternal(tensor, random) {
  tensor.dataLocation = random.chance(0.9) ? 1 : random.below(4);
  const record = { location: random.chance(0.4) ? 'data' : random.pick(LOCATIONS) };
  if (random.chance(0.5)) record.offset = random.pick(SIZES);
  if (random.chance(0.5)) record.length = random.pick(SIZES);
  if (random.chance(0.1)) record.checksum = 'x';
  tensor.externalData = entries(record);
  if (random.chance(0.1)) tensor.externalData.push(...entries({ location: random.pick(LOCATIONS) }));
  if (random.chance(0.8)) {
    tensor.rawData = new Uint8Array();
    tensor.floatData = [];
  }
}

const names = (graph) => [
  ...graph.node.flatMap(({ input, output }) => [...input, ...output]),
  ...graph.initializer.map(({ name }) => name),
  ...graph.input.map(({ name }) => name),
];
const anyName = (graph, random) =>
  random.chance(0.8) ? (random.pick(names(graph)) ?? '') : random.pick(TEXTS);
const anyNode = (graph, random) => random.pick(graph.node);

const HOSTILE_JSON = [
  'null',
  '[]',
  '{}',
  '1',
  '"x"',
  '[1,2,3,4]',
  '["a","a","a","a"]',
  '["a",null,1,{}]',
  '{"__proto__":1}',
  '{"size":[1e9,1e9]}',
  '{"size":[-1,0]}',
  '{"size":"x"}',
  '{"mean":[1e308,1e308,1e308],"std":[0,0,0]}',
  '{"std":[1e-320]}',
  '{"layout":"__proto__"}',
  '{"channels":"constructor"}',
  '[1e309,1,1,1]',
  '[0,0,0,0]',
  '[1e-300,1,1,1]',
  '[',
  '"',
  '{"a":'.repeat(2000),
  '['.repeat(100_000),
  '["\\u0000","\\u001b[2J","<script>","\\ud800"]',
  `[${'"x",'.repeat(3)}"${'y'.repeat(50_000)}"]`,
];

/** @type {((model: import('onnx-buf').ModelProto, graph: import('onnx-buf').GraphProto, random: import('../random.mjs').Random) => void)[]} */
const DAMAGES = [
  // Tensors.
  (_, graph, random) => {
    const tensor = random.pick(tensorsOf(graph));
    if (tensor) tensor.dims = dims(random);
  },
  (_, graph, random) => {
    const tensor = random.pick(tensorsOf(graph));
    if (tensor?.dims.length) tensor.dims[random.below(tensor.dims.length)] = int64(random);
  },
  (_, graph, random) => {
    const tensor = random.pick(tensorsOf(graph));
    if (tensor) tensor.dataType = random.chance(0.9) ? random.below(28) : int32(random);
  },
  (_, graph, random) => {
    const tensor = random.pick(tensorsOf(graph));
    if (tensor) tensor.rawData = tensor.rawData.slice(0, random.below(tensor.rawData.length + 1));
  },
  (_, graph, random) => {
    const tensor = random.pick(tensorsOf(graph));
    if (!tensor) return;
    if (random.chance(0.5)) tensor.rawData = new Uint8Array();
    const list = Array.from({ length: random.pick([0, 1, 4, 20, 21]) }, () =>
      random.pick([0, 1, -0, Number.NaN, Number.POSITIVE_INFINITY, 3e38, 1e-45]),
    );
    const field = random.pick(['floatData', 'doubleData', 'int32Data']);
    tensor[field] = field === 'int32Data' ? list.map(() => int32(random)) : list;
  },
  (_, graph, random) => {
    const tensor = random.pick(tensorsOf(graph));
    if (tensor?.rawData.length >= 4)
      new DataView(tensor.rawData.buffer, tensor.rawData.byteOffset).setFloat32(
        0,
        random.pick([Number.NaN, Number.POSITIVE_INFINITY, -3e38, 1e-45, 1e30]),
        true,
      );
  },
  (_, graph, random) => {
    const tensor = random.pick(tensorsOf(graph));
    if (!tensor) return;
    tensor.dataType = 8;
    tensor.stringData = Array.from({ length: random.below(21) }, () =>
      new TextEncoder().encode(random.pick(TEXTS)),
    );
    if (random.chance(0.7)) tensor.rawData = new Uint8Array();
  },
  (_, graph, random) => {
    const tensor = random.pick(tensorsOf(graph));
    if (tensor)
      tensor.segment = { $typeName: 'onnx.TensorProto.Segment', begin: int64(random), end: int64(random) };
  },
  (_, graph, random) => {
    const tensor = random.pick(tensorsOf(graph));
    if (tensor) makeExternal(tensor, random);
  },
  (_, graph, random) => {
    const tensor = random.pick(graph.initializer);
    if (tensor) makeExternal(tensor, random);
  },
  (_, graph, random) => {
    const tensor = random.pick(graph.initializer);
    if (tensor)
      graph.initializer.push(random.chance(0.5) ? tensor : { ...tensor, name: anyName(graph, random) });
  },
  (_, graph, random) => graph.initializer.splice(random.below(graph.initializer.length || 1), 1),
  (_, graph, random) => {
    const tensor = random.pick(graph.initializer);
    if (tensor) tensor.name = anyName(graph, random);
  },
  (_, graph, random) => {
    const at = random.below(graph.initializer.length || 1);
    const [tensor] = graph.initializer.splice(at, 1);
    if (!tensor) return;
    const indices = create(TensorProtoSchema, {
      dataType: 7,
      dims: [BigInt(random.below(6))],
      int64Data: [0n, 1n, int64(random)],
    });
    graph.sparseInitializer.push(
      create(SparseTensorProtoSchema, { values: tensor, indices, dims: dims(random) }),
    );
  },
  // Nodes and edges.
  (_, graph, random) => {
    const node = anyNode(graph, random);
    if (node) node.opType = random.pick(OPS);
  },
  (_, graph, random) => {
    const node = anyNode(graph, random);
    if (node) node.domain = random.pick(DOMAINS);
  },
  (_, graph, random) => {
    const node = anyNode(graph, random);
    if (node?.input.length) node.input[random.below(node.input.length)] = anyName(graph, random);
  },
  (_, graph, random) => {
    const node = anyNode(graph, random);
    if (node?.output.length) node.output[random.below(node.output.length)] = anyName(graph, random);
  },
  (_, graph, random) => anyNode(graph, random)?.input.pop(),
  (_, graph, random) => anyNode(graph, random)?.output.pop(),
  (_, graph, random) =>
    anyNode(graph, random)?.input.push(...Array(random.pick([1, 1, 5, 1000])).fill(anyName(graph, random))),
  (_, graph, random) => anyNode(graph, random)?.output.push(anyName(graph, random)),
  (_, graph, random) => {
    const node = anyNode(graph, random);
    if (node) node.input = node.input.map(() => '');
  },
  (_, graph, random) => graph.node.splice(random.below(graph.node.length || 1), 1),
  (_, graph, random) => {
    const node = anyNode(graph, random);
    if (node) graph.node.splice(random.below(graph.node.length), 0, node);
  },
  (_, graph, random) => {
    if (random.chance(0.5)) graph.node.reverse();
    else graph.node.push(...graph.node.splice(0, 1 + random.below(graph.node.length || 1)));
  },
  (_, graph, random) => {
    // Another name for the same thing, everywhere.
    const [from, to] = [anyName(graph, random), random.pick(TEXTS)];
    const change = (name) => (name === from ? to : name);
    for (const node of graph.node) {
      node.input = node.input.map(change);
      node.output = node.output.map(change);
    }
    for (const list of [graph.initializer, graph.input, graph.output, graph.valueInfo])
      for (const one of list) one.name = change(one.name);
  },
  (_, graph, random) => {
    const node = anyNode(graph, random);
    if (node) node.name = random.pick(TEXTS);
  },
  (_, graph, random) => {
    // A chain in front of something.
    const node = anyNode(graph, random);
    const op = random.pick(['Identity', 'Cast', 'Transpose', 'Reshape', 'Squeeze', 'Softmax']);
    if (!node?.input.length) return;
    const slot = random.below(node.input.length);
    let from = node.input[slot];
    for (let i = random.pick([1, 2, 3, 300, 3000]); i > 0; i--) {
      const output = `chain ${i} ${graph.node.length}`;
      graph.node.unshift(
        create(NodeProtoSchema, {
          opType: op,
          input: [from],
          output: [output],
          attribute: op === 'Cast' ? [create(AttributeProtoSchema, { name: 'to', i: 1n, type: 2 })] : [],
        }),
      );
      from = output;
    }
    node.input[slot] = from;
  },
  (_, graph, random) => {
    const node = anyNode(graph, random);
    if (!node) return;
    let inner = create(GraphProtoSchema, {
      name: 'inner',
      output: random.chance(0.5) ? graph.output : [],
      // Copies: the node may be inside of one of them, and no file has a circle.
      node: random.chance(0.5)
        ? graph.node
            .filter((one) => one !== node)
            .slice(0, 2)
            .map((one) => clone(NodeProtoSchema, one))
        : [],
    });
    for (let i = random.pick([0, 1, 5, 20, 45, 60]); i > 0; i--) {
      inner = create(GraphProtoSchema, {
        node: [
          create(NodeProtoSchema, {
            opType: 'If',
            input: ['x'],
            output: [`n${i}`],
            attribute: [create(AttributeProtoSchema, { name: 'then_branch', g: inner, type: 5 })],
          }),
        ],
      });
    }
    node.attribute.push(
      create(AttributeProtoSchema, {
        name: random.pick(['body', 'then_branch', 'else_branch', 'x']),
        g: inner,
        type: 5,
      }),
    );
    if (random.chance(0.5)) node.opType = random.pick(['If', 'Loop', 'Scan']);
  },
  // Attributes.
  (_, graph, random) => {
    const node = anyNode(graph, random);
    if (node) node.attribute = random.chance(0.5) ? [] : [...node.attribute, ...node.attribute];
  },
  (_, graph, random) => {
    const attribute = random.pick(anyNode(graph, random)?.attribute ?? []);
    if (!attribute) return;
    const changes = [
      () => (attribute.i = int64(random)),
      () => (attribute.f = random.pick([Number.NaN, 0, -1, 1e38, 1e-45, Number.POSITIVE_INFINITY])),
      () => (attribute.ints = dims(random)),
      () => (attribute.floats = [random.pick([Number.NaN, 0, 1e38])]),
      () => (attribute.floats = attribute.floats.slice(1)),
      () => (attribute.type = random.below(16)),
      () =>
        (attribute.name = random.pick([
          'to',
          'perm',
          'axis',
          'axes',
          'alpha',
          'beta',
          'transA',
          'transB',
          'value',
          'value_floats',
          'value_ints',
          'coefficients',
          'post_transform',
          'x',
          '',
        ])),
      () =>
        (attribute.s = new TextEncoder().encode(
          random.pick([...TEXTS, 'SOFTMAX', 'LOGISTIC', 'PROBIT', 'SOFTMAX_ZERO', 'NONE']),
        )),
      () => (attribute.t = undefined),
      () => (attribute.refAttrName = 'x'),
      () =>
        (attribute.strings = [new Uint8Array([0xff, 0xfe]), new TextEncoder().encode(random.pick(TEXTS))]),
    ];
    random.pick(changes)();
  },
  (_, graph, random) => {
    const node = anyNode(graph, random);
    const name = random.pick([
      'transA',
      'transB',
      'axis',
      'keepdims',
      'to',
      'group',
      'broadcast',
      'multi_class',
    ]);
    if (node)
      node.attribute.push(
        create(AttributeProtoSchema, {
          name,
          i: random.chance(0.7) ? BigInt(random.below(5) - 1) : int64(random),
          type: 2,
        }),
      );
  },
  (_, graph, random) => {
    const node = anyNode(graph, random);
    const name = random.pick([
      'axes',
      'perm',
      'pads',
      'kernel_shape',
      'shape',
      'classlabels_ints',
      'value_ints',
    ]);
    if (node) node.attribute.push(create(AttributeProtoSchema, { name, ints: dims(random), type: 7 }));
  },
  // Inputs, outputs, stated types.
  (_, graph, random) => {
    const info = random.pick([...graph.input, ...graph.output, ...graph.valueInfo]);
    if (info) info.name = anyName(graph, random);
  },
  (_, graph, random) => {
    const info = random.pick([...graph.input, ...graph.output, ...graph.valueInfo]);
    if (info?.type?.value.case !== 'tensorType') return;
    const { shape } = info.type.value.value;
    for (const dim of shape?.dim ?? []) {
      if (random.chance(0.5))
        dim.value = random.chance(0.7)
          ? { case: 'dimValue', value: int64(random) }
          : { case: 'dimParam', value: random.pick(TEXTS) };
    }
    if (random.chance(0.2) && shape) shape.dim = random.chance(0.5) ? [] : [...shape.dim, ...shape.dim];
    if (random.chance(0.2)) info.type.value.value.elemType = random.below(28);
    if (random.chance(0.1)) info.type.value.value.shape = undefined;
  },
  (_, graph, random) => {
    const list = random.pick([graph.input, graph.output, graph.valueInfo]);
    const info = random.pick(list);
    if (info) list.push(random.chance(0.5) ? info : { ...info, name: anyName(graph, random) });
  },
  (_, graph, random) => random.pick([graph.input, graph.output, graph.valueInfo]).splice(0, random.few(3)),
  (_, graph, random) => {
    const info = random.pick([...graph.input, ...graph.output]);
    if (info)
      info.type = random.chance(0.5)
        ? undefined
        : { $typeName: 'onnx.TypeProto', denotation: 'x', value: { case: undefined } };
  },
  // The model.
  (model, _, random) => {
    model.irVersion = random.chance(0.7) ? BigInt(random.below(14)) : int64(random);
  },
  (model, _, random) => {
    const set = random.pick(model.opsetImport);
    if (set) set.version = random.chance(0.7) ? BigInt(random.below(30)) : int64(random);
  },
  (model, _, random) => {
    model.opsetImport = random.chance(0.3)
      ? []
      : [
          ...model.opsetImport,
          create(OperatorSetIdProtoSchema, { domain: random.pick(DOMAINS), version: int64(random) }),
        ];
  },
  (model, graph, random) => {
    // A function that hides an operator.
    const node = anyNode(graph, random);
    if (!node) return;
    const domain = random.pick(DOMAINS);
    model.functions.push(
      create(FunctionProtoSchema, {
        name: node.opType,
        domain,
        input: node.input.map((_, i) => `i${i}`),
        output: ['o'],
        node: [
          create(NodeProtoSchema, {
            opType: random.chance(0.3) ? node.opType : random.pick(OPS),
            domain,
            input: ['i0', 'i1'],
            output: ['o'],
          }),
        ],
        opsetImport: model.opsetImport,
      }),
    );
    if (random.chance(0.7)) node.domain = domain;
  },
  (model, _, random) => {
    const key = random.pick([
      'onnx_tailor.classes',
      'onnx_tailor.counts',
      'onnx_tailor.preprocess',
      'onnx_tailor.columns',
      'onnx_tailor.method',
      random.pick(TEXTS),
    ]);
    model.metadataProps.push(
      create(StringStringEntryProtoSchema, {
        key,
        value: random.chance(0.8) ? random.pick(HOSTILE_JSON) : random.pick(TEXTS),
      }),
    );
    if (random.chance(0.3)) model.metadataProps.push(...model.metadataProps);
  },
  (model, _, random) => {
    model.producerName = random.pick(TEXTS);
    model.docString = random.pick(TEXTS);
    model.graph.name = random.pick(TEXTS);
  },
];

/** Changes a decoded model in a few places. */
export function damageModel(model, random) {
  for (let i = random.few(5); i > 0; i--) {
    const graph = random.chance(0.9) ? model.graph : random.pick(graphsOf(model));
    if (graph) random.pick(DAMAGES)(model, graph, random);
  }
}
