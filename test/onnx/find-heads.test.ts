/** Which head is taken, and why models are refused. */
import { create, toBinary } from '@bufbuild/protobuf';
import {
  FunctionProtoSchema,
  ModelProtoSchema,
  NodeProtoSchema,
  OperatorSetIdProtoSchema,
  SparseTensorProtoSchema,
} from 'onnx-buf';
import { describe, expect, it } from 'vitest';
import { GraphBuilder, type Value } from '../../src/onnx/build.js';
import { chooseHead, findHeads } from '../../src/onnx/find-heads.js';
import { readModelFile } from '../../src/onnx/model-file.js';
import { nodeProto, tensorProto } from '../../src/onnx/protos.js';
import { expectRefusal } from '../array/expect-refusal.js';
import { BIAS, CLASSES, DIMENSIONS, features, INPUTS, numbers, transpose, WEIGHT } from './small-heads.js';

const WEIGHT_T = transpose(WEIGHT, CLASSES, DIMENSIONS);
const w = (g: GraphBuilder) => g.constant(WEIGHT, [CLASSES, DIMENSIONS]);
const wT = (g: GraphBuilder) => g.constant(WEIGHT_T, [DIMENSIONS, CLASSES]);
const b = (g: GraphBuilder) => g.constant(BIAS, [CLASSES]);
const head = (g: GraphBuilder, f: Value) => g.gemm(f, w(g), b(g), { transB: 1 });

async function find(add: (g: GraphBuilder) => void, options = {}) {
  const g = new GraphBuilder();
  add(g);
  return findHeads(await readModelFile(g.build(options)));
}

/** A refusal of the only output 'y'. `value` adds what 'y' is. */
async function expectReason(
  code: 'HEAD_NOT_FOUND' | 'HEAD_UNSUPPORTED',
  reason: RegExp,
  value: (g: GraphBuilder) => Value,
  options = {},
): Promise<void> {
  const found = await find((g) => g.output(value(g), 'y', 'float32', ['n', null]), options);
  expect(found.heads).toEqual([]);
  expect(found.refused.map(({ output }) => output)).toEqual(['y']);
  await expectRefusal(() => chooseHead(found), code, reason);
}

describe('the choice of the head', () => {
  const twoHeads = (g: GraphBuilder) => {
    const f = features(g);
    g.output(head(g, f), 'genus');
    g.output(g.softmax(g.matMul(f, g.constant(numbers(DIMENSIONS * 3, 8), [DIMENSIONS, 3]))), 'species');
  };

  it('is one head where several outputs lead to it', async () => {
    const { heads, refused } = await find((g) => {
      const z = head(g, features(g));
      g.output(g.op('ArgMax', [z], { axis: 1 }), 'label', 'int64');
      g.output(g.softmax(z), 'probabilities');
      g.output(z, 'logits');
    });
    expect(refused).toEqual([]);
    expect(heads).toHaveLength(1);
    expect(heads[0]).toMatchObject({ output: 'probabilities', activation: 'softmax' });
    expect(heads[0].outputs.map(({ name }) => name)).toEqual(['probabilities', 'logits', 'label']);
    expect(chooseHead({ heads, refused }, { output: 'logits' })).toMatchObject({
      output: 'logits',
      activation: 'none',
    });
  });

  it('asks which of several heads is meant, and takes the one that is named', async () => {
    const found = await find(twoHeads);
    await expectRefusal(
      () => chooseHead(found),
      'HEAD_AMBIGUOUS',
      /--output genus \(4 classes.*--output species \(3 classes/,
    );
    expect(chooseHead(found, { output: 'species' })).toMatchObject({ classes: 3, activation: 'softmax' });
    expect(chooseHead(found, { output: 'genus' })).toMatchObject({ classes: 4, activation: 'none' });
    await expectRefusal(
      () => chooseHead(found, { output: 'order' }),
      'INVALID_ARGUMENT',
      /'order'; it has 'genus', 'species'/,
    );
  });

  it('is the last of two linear layers', async () => {
    const { heads, refused } = await find((g) => {
      const embedding = g.gemm(features(g), g.constant(numbers(15, 5), [DIMENSIONS, 3]));
      g.output(embedding, 'embedding');
      g.output(g.softmax(g.gemm(embedding, g.constant(numbers(12, 6), [3, CLASSES]))), 'y');
    });
    expect(heads.map(({ output, dimensions }) => [output, dimensions])).toEqual([['y', 3]]);
    expect(refused).toEqual([
      { output: 'embedding', reason: expect.stringContaining("before the head of 'y'"), unsupported: false },
    ]);
  });

  it('leaves outputs before the head alone, with the reason', async () => {
    const found = await find((g) => {
      const f = features(g);
      g.output(f, 'features');
      g.output(head(g, f), 'y');
    });
    expect(found.heads).toHaveLength(1);
    expect(found.refused[0].reason).toMatch(/before the head.*Relu/);
    await expectRefusal(() => chooseHead(found, { output: 'features' }), 'HEAD_NOT_FOUND', /Use --output y/);
  });

  it('is the biased one where an output shows the logits without their bias', async () => {
    const { heads, refused } = await find((g) => {
      const product = g.matMul(features(g), wT(g));
      g.output(product, 'raw');
      g.output(g.add(product, b(g)), 'y');
    });
    expect(heads.map(({ output, hasBias }) => [output, hasBias])).toEqual([['y', true]]);
    expect(refused[0]).toMatchObject({ output: 'raw', reason: expect.stringContaining('without its bias') });
  });
});

describe('refusals', () => {
  it('names the operator where there is no linear head', async () => {
    await expectReason('HEAD_NOT_FOUND', /no linear head in front of Relu/, (g) => features(g));
    await expectReason('HEAD_NOT_FOUND', /no linear head in front of Mul/, (g) =>
      g.mul(head(g, features(g)), g.scalar(2)),
    );
    await expectReason('HEAD_NOT_FOUND', /leads to the input 'x'/, (g) =>
      g.softmax(g.input('x', 'float32', ['n', null])),
    );
    await expectReason('HEAD_NOT_FOUND', /constant/, (g) => g.op('Identity', [b(g)]));
    await expectReason('HEAD_NOT_FOUND', /nothing produces 'nowhere'/, (g) => g.op('Identity', ['nowhere']));
  });

  it('refuses quantised heads', async () => {
    const integers = (g: GraphBuilder) => g.constant(new Int8Array(20), [DIMENSIONS, CLASSES]);
    // Without a number of classes, which would let the logits be scaled and shifted (see logits.test.ts).
    await expectReason('HEAD_UNSUPPORTED', /quantised \(MatMulInteger/, (g) => {
      const x = g.input('x', 'uint8', ['n', DIMENSIONS]);
      const weight = g.op('Identity', [integers(g)]);
      return g.mul(g.op('Cast', [g.op('MatMulInteger', [x, weight])], { to: 1 }), g.scalar(0.1));
    });
    await expectReason('HEAD_UNSUPPORTED', /weight of Gemm.*quantised \(DequantizeLinear/, (g) => {
      const weight = g.op('DequantizeLinear', [integers(g), g.scalar(0.1)]);
      return g.gemm(features(g), weight, b(g));
    });
    await expectReason('HEAD_UNSUPPORTED', /quantised \(DequantizeLinear/, (g) =>
      g.op('DequantizeLinear', [
        g.op('QuantizeLinear', [g.op('Softsign', [head(g, features(g))]), g.scalar(0.1)]),
        g.scalar(0.1),
      ]),
    );
  });

  it('refuses heads inside If, Loop and Scan', async () => {
    await expectReason('HEAD_UNSUPPORTED', /inside If/, (g) => {
      const f = features(g);
      const branch = (name: string) => {
        const inner = new GraphBuilder(name);
        inner.output(head(inner, f), `${name}_y`);
        return { graph: inner.graph() };
      };
      const condition = g.constant(Uint8Array.of(1), [], { type: 'bool' });
      return g.op('If', [condition], { then_branch: branch('a'), else_branch: branch('b') });
    });
    await expectReason('HEAD_UNSUPPORTED', /inside Scan/, (g) => {
      const body = new GraphBuilder('body');
      body.output(head(body, body.input('row', 'float32', [1, DIMENSIONS])), 'out');
      return g.op('Scan', [features(g)], { body: { graph: body.graph() }, num_scan_inputs: 1 });
    });
  });

  it('refuses weights that are not stored', async () => {
    await expectReason('HEAD_UNSUPPORTED', /'w' is an input of the model/, (g) =>
      g.matMul(features(g), g.input('w', 'float32', [DIMENSIONS, CLASSES])),
    );
    await expectReason('HEAD_NOT_FOUND', /the weight of MatMul .*computed by Relu/, (g) =>
      g.matMul(features(g), g.relu(wT(g))),
    );
    await expectReason('HEAD_UNSUPPORTED', /weight on the left/, (g) =>
      g.matMul(w(g), g.transpose(features(g))),
    );
    await expectReason('HEAD_UNSUPPORTED', /transA = 1/, (g) =>
      g.gemm(g.transpose(features(g)), wT(g), b(g), { transA: 1 }),
    );
  });

  it('refuses sparse weights', async () => {
    const g = new GraphBuilder();
    g.output(g.matMul(features(g), 'sparse'), 'y', 'float32', ['n', null]);
    g.graph().sparseInitializer.push(
      create(SparseTensorProtoSchema, {
        values: tensorProto(Float32Array.of(1), [1], { name: 'sparse' }),
        indices: tensorProto(BigInt64Array.of(0n), [1]),
        dims: [5n, 4n],
      }),
    );
    const found = findHeads(await readModelFile(g.build()));
    expect(found.refused[0]).toMatchObject({ reason: expect.stringContaining('sparse'), unsupported: true });
  });

  it('refuses heads inside functions of the model', async () => {
    const inner = create(FunctionProtoSchema, {
      name: 'Dense',
      domain: 'my',
      input: ['a', 'w'],
      output: ['c'],
      opsetImport: [create(OperatorSetIdProtoSchema, { domain: '', version: 17n })],
      node: [nodeProto('MatMul', ['a', 'w'], ['c'])],
    });
    const options = { functions: [inner], domains: { my: 1 }, irVersion: 8 };
    await expectReason(
      'HEAD_UNSUPPORTED',
      /own function \(my\.Dense/,
      (g) => g.op('Dense', [features(g), wT(g)], {}, { domain: 'my' }),
      options,
    );
  });

  it('refuses what is no classifier over classes', async () => {
    await expectReason('HEAD_NOT_FOUND', /one output/, (g) =>
      g.op('Sigmoid', [g.matMul(features(g), g.constant(numbers(5, 1), [5, 1]))]),
    );
    await expectReason(
      'HEAD_NOT_FOUND',
      /TreeEnsembleClassifier.*not a linear head/,
      (g) => g.ops('TreeEnsembleClassifier', [features(g)], {}, { domain: 'ai.onnx.ml', count: 2 })[1],
    );
    await expectReason(
      'HEAD_UNSUPPORTED',
      /PROBIT/,
      (g) =>
        g.ops(
          'LinearClassifier',
          [features(g)],
          {
            coefficients: { floats: WEIGHT },
            intercepts: { floats: BIAS },
            classlabels_ints: [0, 1, 2, 3],
            post_transform: 'PROBIT',
          },
          { domain: 'ai.onnx.ml', count: 2 },
        )[1],
    );
    await expectReason(
      'HEAD_UNSUPPORTED',
      /do not fit/,
      (g) =>
        g.ops(
          'LinearClassifier',
          [features(g)],
          { coefficients: { floats: [1, 2, 3] }, intercepts: { floats: BIAS } },
          { domain: 'ai.onnx.ml', count: 2 },
        )[1],
    );
  });

  it('refuses decisions over another axis, and scores in another shape', async () => {
    await expectReason('HEAD_NOT_FOUND', /over another axis/, (g) =>
      g.op('Cast', [g.op('ArgMax', [head(g, features(g))])], { to: 1 }),
    );
    await expectReason('HEAD_NOT_FOUND', /axis 0, which is not that of the classes/, (g) =>
      g.softmax(head(g, features(g)), 0),
    );
    await expectReason('HEAD_NOT_FOUND', /another shape, \[-1, 2, 2\]/, (g) =>
      g.reshape(head(g, features(g)), -1, 2, 2),
    );
    await expectReason('HEAD_NOT_FOUND', /joins samples and classes/, (g) =>
      g.reshape(head(g, features(g)), -1),
    );
    await expectReason(
      'HEAD_NOT_FOUND',
      /smallest/,
      (g) => g.ops('TopK', [head(g, features(g)), g.ints(1)], { largest: 0 }, { count: 2 })[0],
    );
  });

  it('refuses a 1×1 convolution that may work on a larger map', async () => {
    const conv = (g: GraphBuilder, dims: (number | string)[]) =>
      g.op('Conv', [g.input('map', 'float32', dims), g.constant(WEIGHT, [CLASSES, DIMENSIONS, 1, 1])]);
    await expectReason('HEAD_NOT_FOUND', /nothing shows that its map is/, (g) =>
      g.op('Flatten', [conv(g, ['n', DIMENSIONS, 'h', 'w'])]),
    );
    await expectReason('HEAD_NOT_FOUND', /in front of GlobalAveragePool/, (g) =>
      g.op('GlobalAveragePool', [conv(g, ['n', DIMENSIONS, 8, 8])]),
    );
    const { heads } = await find((g) => g.output(g.op('Flatten', [conv(g, ['n', DIMENSIONS, 1, 1])]), 'y'));
    expect(heads).toHaveLength(1);
  });

  it('refuses biases that are not one number per class', async () => {
    const noteOf = async (value: (g: GraphBuilder) => Value) => {
      const { heads } = await find((g) => g.output(value(g), 'y', 'float32', ['n', null]));
      expect(heads.map(({ kind }) => kind)).toEqual(['logits']);
      return heads[0].note;
    };
    // The logits are plain all the same, so they can be scaled and shifted.
    expect(
      await noteOf((g) => g.gemm(features(g), w(g), g.constant(numbers(28, 1), [7, CLASSES]), { transB: 1 })),
    ).toMatch(/bias of Gemm.* has shape \[7, 4\]/);
    expect(await noteOf((g) => g.add(head(g, features(g)), b(g)))).toMatch(/second bias/);
    expect(
      await noteOf((g) => g.add(g.op('Gemm', [features(g), wT(g)]), g.constant(BIAS, [1, 1, CLASSES]))),
    ).toMatch(/has shape \[1, 1, 4\]/);
  });

  it('does not hang on cycles and refuses contradictions', async () => {
    await expectReason('HEAD_NOT_FOUND', /cycle/, (g) => {
      g.op('Identity', ['a'], {}, { outputs: ['b'] });
      return g.op('Identity', ['b'], {}, { outputs: ['a'] });
    });
    await expectReason('HEAD_NOT_FOUND', /cycle/, (g) => {
      g.op('Identity', ['a'], {}, { outputs: ['b'] });
      g.op('Transpose', ['b'], {}, { outputs: ['a'] });
      return g.matMul(features(g), 'a');
    });
    await expectRefusal(
      () =>
        find((g) => {
          g.op('Identity', [features(g)], {}, { outputs: ['a'] });
          g.op('Relu', ['a'], {}, { outputs: ['a'] });
          g.output('a');
        }),
      'MODEL_INVALID',
      /produced by two nodes \(Identity 'a' and Relu 'a'\)/,
    );
    await expectRefusal(() => find((g) => features(g)), 'MODEL_INVALID', /no outputs/);
    await expectReason('HEAD_NOT_FOUND', /stored more than once/, (g) => {
      g.constant(WEIGHT_T, [DIMENSIONS, CLASSES], { name: 'twice' });
      return g.matMul(features(g), g.constant(WEIGHT_T, [DIMENSIONS, CLASSES], { name: 'twice' }));
    });
  });

  it('refuses tensors whose shape and data disagree', async () => {
    const withDims = async (dims: bigint[]) => {
      const g = new GraphBuilder();
      g.output(g.matMul(features(g), g.constant(WEIGHT_T, [DIMENSIONS, CLASSES], { name: 'w' })));
      const model = g.model();
      model.graph!.initializer.find(({ name }) => name === 'w')!.dims = dims;
      return findHeads(await readModelFile(toBinary(ModelProtoSchema, model) as Uint8Array));
    };
    await expectRefusal(
      () => withDims([5n, 5n]),
      'MODEL_INVALID',
      /'w': its shape \[5, 5\] needs 25 numbers, but it holds 20/,
    );
    await expectRefusal(() => withDims([-5n, -4n]), 'MODEL_INVALID', /shape \[-5, -4\] is not possible/);
    await expectRefusal(() => withDims([2n ** 40n, 2n ** 40n]), 'MODEL_INVALID', /not possible/);
    await expectRefusal(() => withDims(new Array(1000).fill(1n)), 'MODEL_INVALID', /1, …\] is not possible/);
  });

  it('walks long chains without recursion', async () => {
    const { heads } = await find((g) => {
      let z = head(g, features(g));
      for (let i = 0; i < 20_000; i++) z = g.op('Identity', [z]);
      g.output(z, 'y');
    });
    expect(heads).toHaveLength(1);
  });

  it('takes a node without inputs or attributes for no head', async () => {
    for (const op of [
      'Gemm',
      'MatMul',
      'Conv',
      'Add',
      'Div',
      'Sub',
      'Mul',
      'Softmax',
      'Reshape',
      'LinearClassifier',
      'Cast',
    ]) {
      const node = create(NodeProtoSchema, {
        opType: op,
        output: ['y'],
        domain: op === 'LinearClassifier' ? 'ai.onnx.ml' : '',
      });
      const g = new GraphBuilder();
      g.graph().node.push(node);
      g.output('y', 'y', 'float32', ['n', 3]);
      expect(findHeads(await readModelFile(g.build())).heads).toEqual([]);
    }
    expect(INPUTS).toBe(6);
  });
});
