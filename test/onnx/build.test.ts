/** The graph builder: what it writes is what onnxruntime runs. */
import * as ort from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { GraphBuilder } from '../../src/onnx/build.js';
import { readMetadata } from '../../src/onnx/metadata.js';
import { readModelFile } from '../../src/onnx/model-file.js';
import { type Attribute, attributeProto, tensorProto } from '../../src/onnx/protos.js';
import { expectRefusal } from '../array/expect-refusal.js';
import { run } from './run-model.js';

describe('GraphBuilder', () => {
  it('writes a formula as it reads', async () => {
    const g = new GraphBuilder();
    const x = g.input('x', 'float32', ['n', 2]);
    const w = g.constant(Float32Array.of(1, 2, 3, 4, 5, 6), [3, 2]);
    g.output(g.gemm(x, w, g.constant(Float32Array.of(1, 0, -1), [3]), { alpha: 0.5, transB: 1 }), 'z');
    g.output(g.sqrt(g.reduceSum(g.mul(x, x), [1], 0)), 'norm');
    g.output(g.op('ReduceMean', [x], { axes: [0] }), 'mean', 'float32', [1, 2]);
    const { z, norm, mean } = await run(g.build(), { x: new ort.Tensor('float32', [3, 4, 0, 2], [2, 2]) });
    expect(z.data).toEqual([6.5, 12.5, 18.5, 3, 4, 5]);
    expect(norm.data).toEqual([5, 2]);
    expect(mean.data).toEqual([1.5, 3]);
  });

  it('writes Scan with a body', async () => {
    const body = new GraphBuilder('body');
    const sum = body.add(body.input('sum', 'float32', []), body.input('row', 'float32', []));
    body.output(sum, 'next', 'float32', []);
    body.output(sum, 'out', 'float32', []);
    const g = new GraphBuilder();
    const x = g.input('x', 'float32', ['n']);
    const [last, all] = g.ops(
      'Scan',
      [g.scalar(0), x],
      { body: { graph: body.graph() }, num_scan_inputs: 1 },
      { count: 2 },
    );
    g.output(last, 'last');
    g.output(all, 'all');
    const results = await run(g.build(), { x: new ort.Tensor('float32', [1, 2, 3], [3]) });
    expect(results.last.data).toEqual([6]);
    expect(results.all.data).toEqual([1, 3, 6]);
  });

  it('imports the operator sets that its nodes use', async () => {
    const g = new GraphBuilder();
    g.output(
      g.op('Normalizer', [g.input('x', 'float32', ['n', 2])], { norm: 'L1' }, { domain: 'ai.onnx.ml' }),
      'y',
    );
    const file = await readModelFile(g.build({ opset: 13, metadata: { a: 'ä' } }));
    expect(file.proto.opsetImport.map(({ domain, version }) => [domain, version])).toEqual([
      ['', 13n],
      ['ai.onnx.ml', 3n],
    ]);
    expect(readMetadata(file).get('a')).toBe('ä');
  });

  it('gives each kind of attribute its type', () => {
    const typeOf = (value: Attribute) => attributeProto('a', value).type;
    const tensor = tensorProto(Float32Array.of(1), [1]);
    const graph = new GraphBuilder().graph();
    const values: Attribute[] = [
      1,
      'a',
      [1],
      { float: 1 },
      { floats: [1] },
      { strings: ['a'] },
      { tensor },
      { graph },
    ];
    expect(values.map(typeOf)).toEqual([2, 3, 7, 1, 6, 8, 4, 5]);
  });

  it('refuses numbers that do not fill the shape', async () => {
    await expectRefusal(
      () => tensorProto(new Float32Array(5), [2, 3]),
      'SHAPE_MISMATCH',
      /\[2, 3\]: needs 6 numbers, got 5/,
    );
  });
});
