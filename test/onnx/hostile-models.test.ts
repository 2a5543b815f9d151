/** Models from strangers: each is refused with a reason or understood, soon, and nothing outside of its folder is read. */
import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { create, toBinary } from '@bufbuild/protobuf';
import {
  TensorProto_DataLocation as DataLocation,
  TensorProto_DataType as DataType,
  type FunctionProto,
  FunctionProtoSchema,
  GraphProtoSchema,
  type ModelProto,
  ModelProtoSchema,
  NodeProtoSchema,
  StringStringEntryProtoSchema,
} from 'onnx-buf';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ErrorCode } from '../../src/array/errors.js';
import { inspectModel } from '../../src/features/describe-model.js';
import { openModel } from '../../src/features/model.js';
import { GraphBuilder, type Value } from '../../src/onnx/build.js';
import { chooseHead, findHeads } from '../../src/onnx/find-heads.js';
import { readModelFile } from '../../src/onnx/model-file.js';
import { readHead } from '../../src/onnx/read-head.js';
import { encodeVarint } from '../../src/onnx/wire.js';
import { graft } from '../../src/recalibrate/graft.js';
import { expectRefusal } from '../array/expect-refusal.js';
import { otherHead } from './run-model.js';
import { BIAS, CLASSES, DIMENSIONS, features, WEIGHT } from './small-heads.js';

/** A model with one Gemm head, changed before it is encoded. */
function model(change: (proto: ModelProto) => void = () => {}, add?: (g: GraphBuilder, z: Value) => Value) {
  const g = new GraphBuilder();
  const w = g.constant(WEIGHT, [CLASSES, DIMENSIONS], { name: 'w' });
  const z = g.gemm(features(g), w, g.constant(BIAS, [CLASSES], { name: 'b' }), { transB: 1 });
  g.output(add?.(g, z) ?? z, 'y', 'float32', ['n', CLASSES]);
  const proto = g.model();
  change(proto);
  return toBinary(ModelProtoSchema, proto);
}

const weightOf = ({ graph }: ModelProto) => graph!.initializer.find(({ name }) => name === 'w')!;
const gemmOf = ({ graph }: ModelProto) => graph!.node.find(({ opType }) => opType === 'Gemm')!;

/** What openModel does, without the wait for a hash. */
async function open(bytes: Uint8Array) {
  const file = await readModelFile(bytes);
  const location = chooseHead(findHeads(file));
  return { location, head: await readHead(file, location) };
}

describe('names that stand twice', () => {
  it('of tensors: a model where two nodes produce one is refused', () =>
    expectRefusal(
      () => open(model(({ graph }) => graph!.node.push(graph!.node[0]))),
      'MODEL_INVALID',
      /'g_1' is produced by two nodes/,
    ));

  it('of initializers: which one counts is not guessed', () =>
    expectRefusal(
      () => open(model((proto) => proto.graph!.initializer.push(weightOf(proto)))),
      'HEAD_NOT_FOUND',
      /'w' is stored more than once/,
    ));

  it('of an initializer and a node: the weight is not taken for stored', () =>
    expectRefusal(
      () =>
        open(
          model(({ graph }) => {
            graph!.node.unshift(create(NodeProtoSchema, { opType: 'Relu', input: ['b'], output: ['w'] }));
          }),
        ),
      'MODEL_INVALID',
      /'w' is stored and computed as well/,
    ));

  it('of nodes: nothing goes by them', async () => {
    const { location } = await open(
      model(({ graph }) => {
        for (const node of graph!.node) node.name = 'same';
      }),
    );
    expect(location.kind).toBe('gemm');
  });

  it('of inputs: the model is refused; of outputs: it is one', async () => {
    const twice = (list: 'input' | 'output') =>
      model(({ graph }) => {
        graph![list].push(graph![list][0]);
      });
    await expectRefusal(() => open(twice('input')), 'MODEL_INVALID', /two inputs called 'x'/);
    expect((await open(twice('output'))).location.outputs).toHaveLength(1);
    const computed = model(({ graph }) => {
      graph!.node.unshift(create(NodeProtoSchema, { opType: 'Relu', input: ['b'], output: ['x'] }));
    });
    await expectRefusal(() => open(computed), 'MODEL_INVALID', /'x' is an input and computed as well/);
  });
});

describe('weights that are not what they say', () => {
  it.each<[string, bigint[], RegExp]>([
    ['more numbers than there are', [5n, 5n], /\[5, 5\] needs 25 numbers, but it holds 20/],
    ['fewer', [2n, 5n], /needs 10 numbers, but it holds 20/],
    ['a negative length', [-4n, -5n], /\[-4, -5\] is not possible/],
    ['a product beyond 2^53', [2n ** 31n, 2n ** 31n], /is not possible/],
    ['a product that overflows 64 bits to what there is', [2n ** 62n, 20n], /is not possible/],
    ['a length of 2^63 − 1', [2n ** 63n - 1n], /is not possible/],
    ['a thousand axes', new Array(1000).fill(1n), /is not possible/],
  ])('%s', (_name, dims, message) =>
    expectRefusal(
      () =>
        open(
          model((proto) => {
            weightOf(proto).dims = dims;
          }),
        ),
      'MODEL_INVALID',
      message,
    ),
  );

  it.each<[string, DataType]>([
    ['STRING', DataType.STRING],
    ['INT4', DataType.INT4],
    ['UINT4', DataType.UINT4],
    ['FLOAT8E4M3FN', DataType.FLOAT8E4M3FN],
    ['COMPLEX64', DataType.COMPLEX64],
    ['type 99', 99 as DataType],
  ])('of type %s are no head: what they give can be scaled and shifted', async (name, dataType) => {
    const { location } = await open(
      model((proto) => {
        weightOf(proto).dataType = dataType;
      }),
    );
    expect(location.kind).toBe('logits');
    expect(location.note).toContain(`is stored as ${name})`);
  });

  it('stated by nobody but the output: a head of a million classes is not made', () => {
    const g = new GraphBuilder();
    const x = g.input('x', 'float32', ['n', 1e6]);
    g.output(g.softmax(g.describe(g.relu(x), 'float32', ['n', 1e6])), 'y', 'float32', ['n', 1e6]);
    return expectRefusal(
      () => openModel(g.build()),
      'LIMIT_EXCEEDED',
      /1000000 classes; at most 16384 classes are allowed.*logits-classes/,
    );
  });
});

describe('operators that are not what they seem', () => {
  it('a product without features, and one with two outputs', async () => {
    const without = model((proto) => {
      gemmOf(proto).input[0] = '';
    });
    await expectRefusal(() => open(without), 'HEAD_NOT_FOUND', /Gemm 'g_3' takes no features/);
    const classifier = new GraphBuilder();
    const [, scores] = classifier.ops(
      'LinearClassifier',
      [],
      {
        coefficients: { floats: WEIGHT },
        intercepts: { floats: BIAS },
        classlabels_ints: [0, 1, 2, 3],
      },
      { count: 2, domain: 'ai.onnx.ml' },
    );
    classifier.output(scores, 'y');
    await expectRefusal(() => open(classifier.build()), 'HEAD_NOT_FOUND', /takes no features/);
    const two = model((proto) => {
      gemmOf(proto).output.push('another');
    });
    await expectRefusal(() => open(two), 'HEAD_NOT_FOUND', /has 2 outputs instead of one/);
  });

  it('a bias of another type than the weight', async () => {
    const mixed = model((proto) => {
      const b = proto.graph!.initializer.find(({ name }) => name === 'b')!;
      b.dataType = DataType.DOUBLE;
      b.rawData = new Uint8Array(8 * CLASSES);
    });
    await expectRefusal(() => open(mixed), 'HEAD_UNSUPPORTED', /are of two types, FLOAT and DOUBLE/);
  });

  it('a softmax written out of operators without operands', async () => {
    const half = model(
      ({ graph }) => {
        graph!.node.find(({ opType }) => opType === 'Exp')!.input = [];
      },
      (g, z) => {
        const e = g.exp(z);
        return g.div(e, g.reduceSum(e, [-1]));
      },
    );
    await expectRefusal(() => open(half), 'HEAD_NOT_FOUND', /no linear head in front of Div/);
  });

  it('a function that has the name of an operator: runtimes differ in which of them they take', () => {
    const hidden: FunctionProto = create(FunctionProtoSchema, {
      name: 'Identity',
      input: ['i'],
      output: ['o'],
      node: [create(NodeProtoSchema, { opType: 'Neg', input: ['i'], output: ['o'] })],
    });
    return expectRefusal(
      () => open(model(({ functions }) => functions.push(hidden))),
      'MODEL_INVALID',
      /a function 'Identity' of its own in ONNX's domain/,
    );
  });

  it('a head behind an operator of an unknown domain or set', async () => {
    const behind = (domain: string) => model(undefined, (g, z) => g.op('Softmax', [z], {}, { domain }));
    await expectRefusal(
      () => open(behind('com.example')),
      'HEAD_NOT_FOUND',
      /no linear head in front of com\.example\.Softmax/,
    );
    const future = await inspectModel(
      model(({ opsetImport }) => {
        opsetImport[0].version = 2n ** 62n;
      }),
    );
    expect(future.heads).toHaveLength(1);
  });

  it('sums of sums, each of which can be reached in ten to the twelve ways', async () => {
    const bytes = model(undefined, (g, z) => {
      let sum = z;
      for (let i = 0; i < 12; i++) sum = g.op('Add', new Array(1000).fill(sum));
      return sum;
    });
    await expectRefusal(() => open(bytes), 'HEAD_NOT_FOUND', /no linear head in front of Add/);
  });
});

/** A length-delimited field. */
function field(number: number, ...parts: readonly (Uint8Array | string)[]): Uint8Array {
  const body = Buffer.concat(parts.map((part) => Buffer.from(part as string)));
  return Buffer.concat([Uint8Array.of(number * 8 + 2), encodeVarint(body.length), body]);
}

/** A model whose graph has more fields than `bytes` had: protobuf joins the parts of a message, which is not allowed, so it is put inside. */
async function withinGraph(bytes: Uint8Array, fields: Uint8Array): Promise<Uint8Array> {
  const { proto } = await readModelFile(bytes);
  const rest = toBinary(ModelProtoSchema, create(ModelProtoSchema, { ...proto, graph: undefined }));
  return Buffer.concat([rest, field(7, fields, toBinary(GraphProtoSchema, proto.graph!))]);
}

/** `inside` within `levels` messages, each the value of that field of the next. */
function nested(fields: readonly number[], levels: number): Uint8Array {
  // From the innermost outwards, so from the end.
  const bytes = new Uint8Array(6 * levels);
  let at = bytes.length;
  for (let i = 0; i < levels; i++) {
    const size = encodeVarint(bytes.length - at);
    at -= size.length;
    bytes.set(size, at);
    bytes[--at] = fields[i % fields.length] * 8 + 2;
  }
  return bytes.subarray(at);
}

/** Fields of GraphProto, NodeProto and AttributeProto. */
const [NODE, INPUT, OUTPUT, OP_TYPE, ATTRIBUTE, BODY, BODIES] = [1, 1, 2, 4, 5, 6, 11];

/** Nodes `op`, each of which takes what the one before gives. */
function chain(op: string, from: string, to: string, length: number): Uint8Array {
  const name = (i: number) => (i === 0 ? from : i === length ? to : `${to}_${i}`);
  const nodes = Array.from({ length }, (_, i) => {
    const [input, output] = [name(i), name(i + 1)];
    const body = `\n${String.fromCharCode(input.length)}${input}\x12${String.fromCharCode(output.length)}${output}"${String.fromCharCode(op.length)}${op}`;
    return `\n${String.fromCharCode(body.length)}${body}`;
  });
  return Buffer.from(nodes.join(''), 'latin1');
}

describe('a million', () => {
  it('subgraphs inside each other', async () => {
    const deep = field(NODE, nested([BODY, ATTRIBUTE, NODE], 3e6 - 1));
    await expectRefusal(
      async () => open(await withinGraph(model(), deep)),
      'MODEL_INVALID',
      /nest deeper than 100/,
    );
  });

  it('subgraphs beside each other', async () => {
    const empty = Buffer.alloc(2e6, Buffer.concat([field(BODIES)]));
    const node = field(
      NODE,
      field(INPUT, 'x'),
      field(OUTPUT, 'q'),
      field(OP_TYPE, 'Q'),
      field(ATTRIBUTE, empty),
    );
    const bytes = model((proto) => {
      gemmOf(proto).input[0] = 'q';
    });
    expect((await open(await withinGraph(bytes, node))).location.features).toBe('q');
  });

  it('operators behind the head, in front of it, and in front of its weight', async () => {
    const behind = model(({ graph }) => {
      graph!.output[0].name = 'end';
    });
    const { location } = await open(await withinGraph(behind, chain('Identity', 'y', 'end', 1e6)));
    expect(location.kind).toBe('gemm');
    const before = model((proto) => {
      gemmOf(proto).input[0] = 'end';
    });
    const { head } = await open(await withinGraph(before, chain('Tanh', 'g_2', 'end', 1e5)));
    expect(head.weight.data).toEqual(WEIGHT);
    const weight = model((proto) => {
      gemmOf(proto).input[1] = 'end';
    });
    await expectRefusal(
      async () => open(await withinGraph(weight, chain('Identity', 'w', 'end', 1e5))),
      'HEAD_NOT_FOUND',
      /behind more than 100 operators/,
    );
  });

  it('operators, and a thousand outputs that each lead over all of them', async () => {
    const bytes = model(undefined, (g, z) => {
      let value = z;
      for (let i = 0; i < 2000; i++) value = g.op('Identity', [value]);
      for (let i = 0; i < 1000; i++) g.output(g.op('Identity', [value]), `y${i}`);
      return value;
    });
    await expectRefusal(
      () => open(bytes),
      'LIMIT_EXCEEDED',
      /more operators; at most 1048576 .*head-operators/,
    );
  });

  it('inputs of a node', async () => {
    const bytes = model(undefined, (g, z) => g.op('Identity', [z]));
    const file = await readModelFile(bytes);
    gemmOf(file.proto).input.push(...new Array(1e5).fill('x'));
    const relu = file.proto.graph!.node.find(({ opType }) => opType === 'Relu')!;
    for (let i = 0; i < 1e6; i++) relu.input.push('x');
    const { heads } = findHeads(await readModelFile(toBinary(ModelProtoSchema, file.proto)));
    expect(heads).toHaveLength(1);
  });

  it('heads that are each in front of the next', async () => {
    const g = new GraphBuilder();
    const square = g.constant(WEIGHT.slice(0, 16), [4, 4]);
    let z = g.input('x', 'float32', ['n', 4]);
    for (let i = 0; i < 3000; i++) {
      z = g.op('Tanh', [g.matMul(z, square)]);
      z = g.matMul(z, square);
      g.output(z, `y${i}`);
    }
    const { heads, refused } = findHeads(await readModelFile(g.build()));
    expect(heads.map(({ output }) => output)).toEqual(['y2999']);
    expect(refused).toHaveLength(2999);
  });
});

describe('texts of a file', () => {
  const long = 'x'.repeat(5e6);
  it('of megabytes do not come back in messages', async () => {
    const renamed = (name: string) =>
      model(({ graph }) => {
        graph!.output[0].name = name;
        graph!.node.at(-1)!.output[0] = name;
        graph!.node.at(-1)!.opType = name;
      });
    for (const name of [long, '\u{1f600}'.repeat(1e6)]) {
      const error: Error = await open(renamed(name)).then(
        () => expect.fail('it was opened'),
        (thrown) => thrown,
      );
      expect(error.message.length).toBeLessThan(4000);
      expect(error.message).toMatch(/…/);
    }
  });

  it('do not multiply: a thousand outputs behind one tensor of a long name', async () => {
    const hub = 'x'.repeat(20_000);
    const bytes = model(undefined, (g, z) => {
      g.op('Sin', [z], {}, { outputs: [hub] });
      for (let i = 0; i < 1000; i++) g.output(g.op('Identity', [hub]), `y${i}`);
      return hub;
    });
    const { refused } = findHeads(await readModelFile(bytes));
    expect(refused).toHaveLength(1001);
    expect(refused.reduce((sum, { reason }) => sum + reason.length, 0)).toBeLessThan(1e6);
  });

  it('with commands for terminals come back written out', async () => {
    const bytes = model(({ graph }) => {
      graph!.node.at(-1)!.opType = '\x1b[2J\x9b31m\u202e\r\n';
    });
    await expectRefusal(() => open(bytes), 'HEAD_NOT_FOUND', /\\x1b\[2J\\x9b31m\\u\{202e\}\\r\\n/);
  });

  it('that lie about their length', async () => {
    const bytes = model();
    const name =
      bytes.indexOf(
        0x77,
        bytes.findIndex((_, i) => bytes[i] === 0x77),
      ) - 1;
    const lying = bytes.slice();
    lying[name] = 0x7f;
    await expectRefusal(() => open(lying), 'MODEL_INVALID', /damaged or cut off/);
    const end = new Uint8Array([...bytes, 0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f]);
    await expectRefusal(() => open(end), 'MODEL_INVALID', /needs \d+ bytes, but the file ends 0 bytes later/);
  });
});

describe('shapes of inputs that nobody can fill', () => {
  it.each<[string, bigint, ErrorCode]>([
    ['of a terabyte', 2n ** 38n, 'LIMIT_EXCEEDED'],
    ['of nothing', 0n, 'MODEL_INVALID'],
    ['of less than nothing', -6n, 'MODEL_INVALID'],
    ['beyond numbers', 2n ** 62n, 'LIMIT_EXCEEDED'],
  ])('%s: a graft makes up no inputs', async (_name, length, code) => {
    const bytes = model(({ graph }) => {
      const { value } = graph!.input[0].type!;
      if (value.case === 'tensorType') value.value.shape!.dim[1].value = { case: 'dimValue', value: length };
    });
    const opened = await openModel(bytes);
    await expectRefusal(() => graft(opened, otherHead(opened.location)), code, /Making inputs to verify/);
  });
});

describe('batches that nobody can fill', () => {
  const withBatch = (length: bigint) =>
    model(({ graph }) => {
      const { value } = graph!.input[0].type!;
      if (value.case === 'tensorType') value.value.shape!.dim[0].value = { case: 'dimValue', value: length };
    });

  it('of −1 are open ones: some exporters write them so', async () => {
    const opened = await openModel(withBatch(-1n));
    expect((await graft(opened, otherHead(opened.location))).verification.argmaxAgreement).toBe(1);
  });

  it.each<[string, bigint, ErrorCode]>([
    ['of no sample, which would never end', 0n, 'MODEL_INVALID'],
    ['of a billion', 10n ** 9n, 'LIMIT_EXCEEDED'],
  ])('%s', async (_name, length, code) => {
    const opened = await openModel(withBatch(length));
    await expectRefusal(
      () => graft(opened, otherHead(opened.location)),
      code,
      /takes .* samples at once|onnxruntime/,
    );
  });
});

describe('external data', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'onnx-tailor-hostile-'));
    const secret = new Uint8Array(WEIGHT.buffer.slice(0));
    writeFileSync(join(folder, 'secret'), secret);
    mkdirSync(join(folder, 'model', 'sub'), { recursive: true });
    writeFileSync(join(folder, 'model', 'data'), secret);
    symlinkSync('../secret', join(folder, 'model', 'link'));
    symlinkSync('..', join(folder, 'model', 'up'));
    symlinkSync('data', join(folder, 'model', 'inside'));
    if (process.platform !== 'win32') execFileSync('mkfifo', [join(folder, 'model', 'pipe')]);
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  async function openExternal(entries: Record<string, string>, which = 'w') {
    const bytes = model((proto) => {
      const w = proto.graph!.initializer.find(({ name }) => name === which)!;
      w.rawData = new Uint8Array();
      w.dataLocation = DataLocation.EXTERNAL;
      w.externalData = Object.entries(entries).map(([key, value]) =>
        create(StringStringEntryProtoSchema, { key, value }),
      );
    });
    const path = join(folder, 'model', 'case.onnx');
    writeFileSync(path, bytes);
    return openModel(path);
  }

  it('inside the folder is read, by a link as well', async () => {
    for (const location of ['data', './data', 'inside']) {
      expect((await openExternal({ location })).head.weight.data).toEqual(WEIGHT);
    }
  });

  it.each([
    ['..', '..'],
    ['../secret', '../secret'],
    ['sub/../../secret', 'sub/../../secret'],
    ['sub\\..\\..\\secret', 'sub\\..\\..\\secret'],
    ['an absolute path', '/etc/hostname'],
    ['a device', '/dev/zero'],
    ['a drive of Windows', 'C:\\secret'],
    ['a drive without a slash', 'c:secret'],
    ['a share of Windows', '\\\\server\\share\\secret'],
    ['a URL', 'https://example.com/data'],
    ['a URL of a file', 'file:///etc/hostname'],
    ['a NUL', 'data\0.txt'],
    ['a link that leads out', 'link'],
    ['a folder link that leads out', 'up/secret'],
  ])('outside of it is not: %s', (_name, location) =>
    expectRefusal(() => openExternal({ location }), 'PATH_FORBIDDEN', /leads out of the model's folder/),
  );

  it.each([
    ['what is not there', 'missing', 'FILE_NOT_FOUND'],
    ['a folder', 'sub', 'FILE_NOT_FOUND'],
    ['the folder itself', '.', 'FILE_NOT_FOUND'],
    ['a pipe, which nobody writes to', 'pipe', 'FILE_NOT_FOUND'],
    ['nothing', '', 'MODEL_INVALID'],
    ['a name of 5,000 characters', 'x'.repeat(5000), 'FILE_UNREADABLE'],
  ] as const)('is %s', async (_name, location, code) => {
    if (location === 'pipe' && process.platform === 'win32') return;
    await expectRefusal(() => openExternal({ location }), code, /Reading/);
  });

  it.each([
    [{ offset: '1' }, /needs bytes 1 to 81, but the file has 80/],
    [{ offset: '9007199254740991' }, /but the file has 80/],
    [{ offset: '9007199254740992' }, /must be a whole number of bytes/],
    [{ offset: '-4' }, /its offset is '-4'/],
    [{ offset: '0x10' }, /its offset is '0x10'/],
    [{ offset: '1e1' }, /its offset is '1e1'/],
    [{ length: '79' }, /says 79 bytes, but the tensor's shape needs 80/],
    [{ length: '-80' }, /its length is '-80'/],
    [{ length: '18446744073709551616' }, /must be a whole number/],
    [{ length: 'NaN' }, /its length is 'NaN'/],
  ])('with %o is refused', (entries, message) =>
    expectRefusal(() => openExternal({ location: 'data', ...entries }), 'MODEL_INVALID', message),
  );

  it('that is the model itself is bytes like any other', async () => {
    const { head } = await openExternal({ location: 'case.onnx', offset: '4' });
    expect(head.weight.shape).toEqual([CLASSES, DIMENSIONS]);
  });

  it('is not written over by the model that refers to it', async () => {
    const opened = await openExternal({ location: 'data' });
    const changed = await graft(opened, otherHead(opened.location), { outName: 'out.onnx' });
    const own = join(folder, 'model', changed.sideFiles[0].location);
    await expectRefusal(
      () => changed.save(own, { overwrite: true }),
      'FILE_UNWRITABLE',
      /keeps its numbers in a file of that name/,
    );
    expect(existsSync(own)).toBe(false);
    // Data that stays: of a bias that is not changed.
    const kept = await openExternal({ location: 'data' }, 'b');
    const other = await graft(kept, { ...otherHead(kept.location), bias: kept.head.bias });
    for (const target of ['data', 'inside']) {
      await expectRefusal(
        () => other.save(join(folder, 'model', target), { overwrite: true }),
        'FILE_UNWRITABLE',
        /keeps its numbers in a file of that name/,
      );
    }
    await expectRefusal(
      () => other.save(join(folder, 'data')),
      'FILE_UNWRITABLE',
      /keeps its numbers in a file of that name/,
    );
    expect(readFileSync(join(folder, 'model', 'data'))).toEqual(Buffer.from(WEIGHT.buffer));
    expect(existsSync(join(folder, 'data'))).toBe(false);
  });
});
