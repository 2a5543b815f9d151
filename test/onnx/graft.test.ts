/** What a graft does to the file: copies of what others use, types, overflow, and bytes that must not change. */
import { Buffer } from 'node:buffer';
import { describe, expect, it } from 'vitest';
import { type LinearHead, linearHead } from '../../src/array/linear-head.js';
import { denseData } from '../../src/array/matrix.js';
import { GraphBuilder, type Value } from '../../src/onnx/build.js';
import { cutExtractor } from '../../src/onnx/cut.js';
import { chooseHead, findHeads } from '../../src/onnx/find-heads.js';
import { graftHead } from '../../src/onnx/graft.js';
import { graphOf, readModelFile } from '../../src/onnx/model-file.js';
import { readHead, sameNumbers } from '../../src/onnx/read-head.js';
import { expectRefusal } from '../array/expect-refusal.js';
import { largestDifference, otherHead, predict, run } from './run-model.js';
import { BIAS, CLASSES, DIMENSIONS, features, numbers, transpose, WEIGHT } from './small-heads.js';

async function openBuilt(add: (g: GraphBuilder) => void, options = {}) {
  const g = new GraphBuilder();
  add(g);
  const file = await readModelFile(g.build(options));
  return { file, location: chooseHead(findHeads(file), { output: 'y' }) };
}

/** Grafts another head and runs both models: 'y' must be as promised, every other output as before. */
async function checkOthersStay(add: (g: GraphBuilder) => void, note: RegExp, options = {}) {
  const { file, location } = await openBuilt(add, options);
  const wanted = otherHead(location);
  const grafted = await graftHead(file, location, wanted);
  expect(grafted.notes.join('\n')).toMatch(note);
  const cut = await cutExtractor(file, location);
  const logits = predict(wanted, (await run(cut.bytes))[cut.features].data as number[]);
  const [before, after] = [await run(file.bytes), await run(grafted.bytes)];
  expect(largestDifference(after.y.data, logits)).toBeLessThan(1e-5);
  for (const name of Object.keys(before)) if (name !== 'y') expect(after[name], name).toEqual(before[name]);
  expect(Object.keys(before).length).toBeGreaterThan(1);
  const again = await readModelFile(grafted.bytes);
  expect(sameNumbers(await readHead(again, chooseHead(findHeads(again), { output: 'y' })), wanted)).toBe(
    true,
  );
}

const w = (g: GraphBuilder, name = 'w') => g.constant(WEIGHT, [CLASSES, DIMENSIONS], { name });
const wT = (g: GraphBuilder, name = 'w') =>
  g.constant(transpose(WEIGHT, CLASSES, DIMENSIONS), [DIMENSIONS, CLASSES], { name });
const b = (g: GraphBuilder, name = 'b') => g.constant(BIAS, [CLASSES], { name });
const head = (g: GraphBuilder, f: Value, weight = w(g), bias = b(g)) =>
  g.gemm(f, weight, bias, { transB: 1 });

describe('what others use is copied first', () => {
  it('weight used by another node', () =>
    checkOthersStay((g) => {
      g.output(head(g, features(g)), 'y');
      g.output(g.reduceSum('w', [0]), 'sum');
    }, /weight 'w' is used elsewhere/));

  it('bias used by another node', () =>
    checkOthersStay((g) => {
      g.output(head(g, features(g)), 'y');
      g.output(g.op('Neg', ['b']), 'negative');
    }, /bias 'b' is used elsewhere/));

  it('weight that is an output itself', () =>
    checkOthersStay((g) => {
      g.output(g.add(g.matMul(features(g), wT(g)), b(g)), 'y');
      g.output('w');
    }, /weight 'w' is used elsewhere/));

  it('weight used by the body of an If', () =>
    checkOthersStay((g) => {
      g.output(head(g, features(g)), 'y');
      const branch = (name: string, op: string) => {
        const inner = new GraphBuilder(name);
        inner.output(inner.op(op, ['w']), `${name}_out`);
        return { graph: inner.graph() };
      };
      const condition = g.constant(Uint8Array.of(1), [], { type: 'bool' });
      g.output(
        g.op('If', [condition], { then_branch: branch('a', 'Neg'), else_branch: branch('b', 'Abs') }),
        'other',
      );
    }, /weight 'w' is used elsewhere/));

  it('weight shared by two heads', () =>
    checkOthersStay((g) => {
      const f = features(g);
      g.output(head(g, f), 'y');
      g.output(g.gemm(g.relu(g.op('Neg', [f])), 'w', 'b', { transB: 1 }), 'z');
    }, /weight 'w' is used elsewhere[\s\S]*bias 'b' is used elsewhere/));

  it('weight behind a Transpose that others use', () =>
    checkOthersStay((g) => {
      const t = g.transpose(w(g), [1, 0]);
      g.output(g.add(g.matMul(features(g), t), b(g)), 'y');
      g.output(g.reduceSum(t, [1]), 'sum');
    }, /weight 'w' is used elsewhere/));

  it('weight of a Constant node that others use', () =>
    checkOthersStay((g) => {
      w(g);
      const tensor = g.graph().initializer.pop()!;
      g.op('Constant', [], { value: { tensor } }, { outputs: ['w'] });
      g.output(g.gemm(features(g), 'w', b(g), { transB: 1 }), 'y');
      g.output(g.reduceSum('w', [0]), 'sum');
    }, /weight 'w' is used elsewhere/));

  it('before IR version 4, where copies are inputs of the graph as well', () =>
    checkOthersStay(
      (g) => {
        g.output(head(g, features(g)), 'y');
        g.output(g.op('Neg', ['w']), 'negative');
        for (const tensor of g.graph().initializer) g.input(tensor.name, 'float32', tensor.dims.map(Number));
      },
      /weight 'w' is used elsewhere/,
      { irVersion: 3, opset: 8 },
    ));
});

describe('the file', () => {
  it('changes only in the numbers of the head', async () => {
    const { file, location } = await openBuilt((g) => g.output(head(g, features(g)), 'y'));
    const grafted = await graftHead(file, location, otherHead(location));
    expect(grafted.bytes.length).toBe(file.bytes.length);
    const differing = grafted.bytes.filter((byte, i) => byte !== file.bytes[i]).length;
    expect(differing).toBeGreaterThan(0);
    expect(differing).toBeLessThanOrEqual(4 * (CLASSES * DIMENSIONS + CLASSES));
    const [before, after] = [graphOf(file), graphOf(await readModelFile(grafted.bytes))];
    expect(after.node).toEqual(before.node);
    expect(after.initializer.map(({ name }) => name)).toEqual(before.initializer.map(({ name }) => name));
  });

  it('changes only in the bias where only the bias does', async () => {
    const { file, location } = await openBuilt((g) => g.output(head(g, features(g)), 'y'));
    const wanted = await readHead(file, location);
    const changed: LinearHead = linearHead(
      denseData(wanted.weight),
      numbers(CLASSES, 77),
      CLASSES,
      DIMENSIONS,
    );
    const grafted = await graftHead(file, location, changed);
    expect(grafted.changed).toEqual({ weight: false, bias: true });
    expect(grafted.bytes.filter((byte, i) => byte !== file.bytes[i]).length).toBeLessThanOrEqual(4 * CLASSES);
  });

  it('loses casts, transposes and numbers that nothing needs any more', async () => {
    const { file, location } = await openBuilt((g) => {
      const half = g.constant(WEIGHT, [CLASSES, DIMENSIONS], { type: 'float16', name: 'half' });
      g.output(g.matMul(features(g), g.transpose(g.op('Cast', [half], { to: 1 }), [1, 0])), 'y');
    });
    const wanted = linearHead(
      numbers(CLASSES * DIMENSIONS, 50).map((v) => v / 3),
      new Float32Array(CLASSES),
      CLASSES,
      DIMENSIONS,
    );
    const grafted = await graftHead(file, location, wanted);
    const after = await readModelFile(grafted.bytes);
    expect(graphOf(after).node.map(({ opType }) => opType)).toEqual(['MatMul', 'Relu', 'MatMul', 'Identity']);
    expect(graphOf(after).initializer.map(({ name }) => name)).not.toContain('half');
    // The head computes in float32, so nothing is rounded to float16.
    expect(sameNumbers(await readHead(after, chooseHead(findHeads(after))), wanted)).toBe(true);
  });

  it('gets names that are free', async () => {
    const { file, location } = await openBuilt((g) => {
      g.constant(Float32Array.of(1), [1], { name: 'w.bias.onnx_tailor' });
      g.output(g.gemm(features(g), w(g), undefined, { transB: 1 }), 'y');
    });
    const after = await readModelFile((await graftHead(file, location, otherHead(location))).bytes);
    expect(graphOf(after).initializer.map(({ name }) => name)).toContain('w.bias.onnx_tailor_2');
  });

  it('keeps fields that this version does not know', async () => {
    const { file, location } = await openBuilt((g) => g.output(head(g, features(g)), 'y'));
    // Field 999, "hi", at the end of the model.
    const bytes = Uint8Array.from([...file.bytes, 0xba, 0x3e, 2, 0x68, 0x69]);
    const odd = await readModelFile(bytes);
    const grafted = await graftHead(odd, location, otherHead(location), { metadata: { a: 'b' } });
    expect(Buffer.from(grafted.bytes).includes(Buffer.from([0xba, 0x3e, 2, 0x68, 0x69]))).toBe(true);
  });
});

describe('refusals', () => {
  const small = () => openBuilt((g) => g.output(head(g, features(g)), 'y'));

  it('names both sizes where the head does not fit', async () => {
    const { file, location } = await small();
    const other = linearHead(new Float32Array(15), new Float32Array(3), 3, 5);
    await expectRefusal(
      () => graftHead(file, location, other),
      'SHAPE_MISMATCH',
      /4 classes × 5 dimensions, the new one 3 × 5/,
    );
  });

  it('names the class where a number is not finite or does not fit', async () => {
    const { file, location } = await small();
    const nan = otherHead(location);
    denseData(nan.weight)[7] = Number.NaN;
    await expectRefusal(() => graftHead(file, location, nan), 'NOT_FINITE', /class 1, dimension 2/);
    const wide = linearHead(
      new Float64Array(20).fill(1),
      Float64Array.of(0, 0, 1e300, 0),
      CLASSES,
      DIMENSIONS,
    );
    await expectRefusal(
      () => graftHead(file, location, wide),
      'HEAD_OVERFLOW',
      /bias of class 2 is 1e\+300.*float32/,
    );
    const half = await openBuilt((g) => {
      const z = g.gemm(
        features(g, 'float16'),
        g.constant(WEIGHT, [CLASSES, DIMENSIONS], { type: 'float16' }),
        undefined,
        { transB: 1 },
      );
      g.output(g.op('Cast', [z], { to: 1 }), 'y');
    });
    const big = otherHead(half.location);
    denseData(big.weight)[13] = -65520;
    await expectRefusal(
      () => graftHead(half.file, half.location, big),
      'HEAD_OVERFLOW',
      /class 2, dimension 3 is -65520.*65504/,
    );
    denseData(big.weight)[13] = -65519;
    const { notes, head: stored } = await graftHead(half.file, half.location, big);
    expect(denseData(stored.weight)[13]).toBe(-65504);
    expect(notes.join()).toMatch(/rounded to float16/);
  });

  it('names the class where the model itself holds NaN', async () => {
    const { file, location } = await openBuilt((g) => {
      const bad = g.constant(
        WEIGHT.map((v, i) => (i === 6 ? Number.POSITIVE_INFINITY : v)),
        [CLASSES, DIMENSIONS],
      );
      g.output(g.gemm(features(g), bad, b(g), { transB: 1 }), 'y');
    });
    await expectRefusal(() => readHead(file, location), 'NOT_FINITE', /class 1, dimension 1/);
  });
});

describe('a cut', () => {
  it('takes out other branches, their inputs and their numbers', async () => {
    const { file, location } = await openBuilt((g) => {
      g.output(head(g, features(g)), 'y');
      const other = g.input('other', 'float32', ['n', 3]);
      g.output(g.matMul(other, g.constant(numbers(6, 4), [3, 2], { name: 'unused' })), 'side');
    });
    const cut = await cutExtractor(file, location);
    const graph = graphOf(await readModelFile(cut.bytes));
    expect(graph.input.map(({ name }) => name)).toEqual(['x']);
    expect(graph.initializer.map(({ name }) => name)).not.toContain('unused');
    expect(graph.initializer.map(({ name }) => name)).toContain('w');
    expect(Object.keys(await run(cut.bytes))).toEqual([cut.features, cut.logits]);
  });

  it('keeps numbers that only the body of an If mentions', async () => {
    const { file, location } = await openBuilt((g) => {
      const shift = g.constant(numbers(DIMENSIONS, 4), [DIMENSIONS], { name: 'captured' });
      const f = features(g);
      const branch = (name: string) => {
        const inner = new GraphBuilder(name);
        inner.output(inner.add(f, shift), `${name}_out`);
        return { graph: inner.graph() };
      };
      const condition = g.constant(Uint8Array.of(1), [], { type: 'bool' });
      g.output(head(g, g.op('If', [condition], { then_branch: branch('a'), else_branch: branch('b') })), 'y');
    });
    const cut = await cutExtractor(file, location);
    const results = await run(cut.bytes);
    const promised = predict(await readHead(file, location), results[cut.features].data as number[]);
    expect(largestDifference(results[cut.logits].data, promised)).toBeLessThan(1e-5);
  });

  it('gives features that are an input of the model, as float32', async () => {
    const { file, location } = await openBuilt((g) => {
      const x = g.input('x', 'float32', ['n', 6]);
      g.output(g.gemm(x, g.constant(numbers(24, 3), [CLASSES, 6]), undefined, { transB: 1 }), 'y');
    });
    const cut = await cutExtractor(file, location);
    expect(location.features).toBe('x');
    expect((await run(cut.bytes))[cut.features].dims).toEqual([7, 6]);
  });
});
