/** Data beside the model: found wherever a tensor can stand, put inside whole, and refused where it is not as it says. */
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import {
  AttributeProto_AttributeType as AttributeType,
  TensorProto_DataLocation as DataLocation,
  TensorProto_DataType as DataType,
  ModelProtoSchema,
  SparseTensorProtoSchema,
  StringStringEntryProtoSchema,
  type TensorProto,
  TensorProtoSchema,
} from 'onnx-buf';
import { describe, expect, it } from 'vitest';
import { GraphBuilder } from '../../src/onnx/build.js';
import { storedTensors } from '../../src/onnx/external-data.js';
import { chooseHead, findHeads } from '../../src/onnx/find-heads.js';
import { type ModelFile, readModelFile } from '../../src/onnx/model-file.js';
import { attributeProto } from '../../src/onnx/protos.js';
import { readHead } from '../../src/onnx/read-head.js';
import { makeRunnable } from '../../src/onnx/runnable.js';
import { readTensor } from '../../src/onnx/tensor-data.js';
import { expectRefusal } from '../array/expect-refusal.js';
import { BIAS, CLASSES, DIMENSIONS, features, WEIGHT } from './small-heads.js';

const bytesOf = (data: Float32Array) => new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
const entries = (reference: Record<string, string>) =>
  Object.entries(reference).map(([key, value]) => create(StringStringEntryProtoSchema, { key, value }));

/** A tensor [2] of float32 whose data lies elsewhere. */
function external(
  name: string,
  reference: Record<string, string>,
  dataType: number = DataType.FLOAT,
  dims = [2n],
): TensorProto {
  return create(TensorProtoSchema, {
    name,
    dims,
    dataType,
    dataLocation: DataLocation.EXTERNAL,
    externalData: entries(reference),
  });
}

/** External tensors in every place that a graph has for tensors, number i holding [i, −i]. */
function everywhere(): { bytes: Uint8Array; places: string[] } {
  const places: string[] = [];
  const next = (place: string, dataType?: number) => {
    const offset = String(8 * places.length);
    places.push(place);
    return external(place, { location: 'd', offset, length: '8' }, dataType);
  };
  const g = new GraphBuilder();
  const x = g.input('x', 'float32', ['n', 2]);
  const body = (name: string) => {
    const inner = new GraphBuilder(name);
    inner.output(inner.op('Identity', [inner.initializer(next(`${name} initializer`))]), `${name}_out`);
    inner.graph().node[0].attribute.push(attributeProto('value', { tensor: next(`${name} attribute`) }));
    return inner.graph();
  };
  g.initializer(next('initializer'));
  g.graph().sparseInitializer.push(
    create(SparseTensorProtoSchema, {
      values: next('sparse values'),
      indices: next('sparse indices'),
      dims: [5n],
    }),
    create(SparseTensorProtoSchema, { dims: [5n] }),
  );
  g.op('Constant', [], { value: { tensor: next('attribute') } });
  g.op('If', [x], { then_branch: { graph: body('then') }, else_branch: { graph: body('else') } });
  g.output(g.relu(x), 'y');
  const several = attributeProto('several', 0);
  several.type = AttributeType.TENSORS;
  several.tensors = [next('list 0'), next('list 1')];
  several.graphs = [body('graphs 0'), body('graphs 1')];
  g.graph().node[0].attribute.push(several);
  return { bytes: g.build(), places };
}

describe('tensors that are stored anywhere', () => {
  it('are put inside, each with its own numbers', async () => {
    const { bytes, places } = everywhere();
    const data = Float32Array.from({ length: 2 * places.length }, (_, i) =>
      i % 2 === 0 ? i / 2 : -(i - 1) / 2,
    );
    const file = await readModelFile(bytes, { sideFiles: new Map([['d', bytesOf(data)]]) });
    expect(places).toHaveLength(14);
    const inlined = await readModelFile((await makeRunnable(file)).bytes);
    const found = [...storedTensors(inlined.proto.graph!, [])].map(({ tensor }) => tensor);
    expect(found.map(({ name }) => name).sort()).toEqual([...places].sort());
    for (const tensor of found) {
      expect(tensor.dataLocation).toBe(DataLocation.DEFAULT);
      expect(tensor.externalData).toEqual([]);
      const i = places.indexOf(tensor.name);
      expect(
        Array.from(await readTensor(inlined, tensor), (v) => v + 0),
        tensor.name,
      ).toEqual([i, -i + 0]);
    }
    expect((await makeRunnable(inlined)).bytes).toBe(inlined.bytes);
  });

  it('are left out where their nodes are not wanted, but not in other graphs', async () => {
    const graph = fromBinary(ModelProtoSchema, everywhere().bytes).graph!;
    const names = [...storedTensors(graph, [], (node) => node !== 1)].map(({ tensor }) => tensor.name);
    expect(names).toContain('attribute');
    expect(names.filter((name) => name.startsWith('then') || name.startsWith('else'))).toEqual([]);
    expect(names).toContain('graphs 1 attribute');
  });
});

describe('a head in memory', () => {
  function model(change: (tensor: TensorProto) => void = () => {}): Uint8Array {
    const g = new GraphBuilder();
    const w = external('w', { location: 'd' }, DataType.FLOAT, [4n, 5n]);
    change(w);
    g.output(g.gemm(features(g), g.initializer(w), g.constant(BIAS, [CLASSES]), { transB: 1 }), 'y');
    return toBinary(ModelProtoSchema, g.model());
  }
  const open = async (bytes: Uint8Array, data: Uint8Array): Promise<ModelFile> =>
    readModelFile(bytes, { sideFiles: new Map([['d', data]]) });
  const read = async (file: ModelFile) => readHead(file, chooseHead(findHeads(file)));

  it.each<[string, Record<string, string>, number]>([
    ['neither offset nor length', {}, 0],
    ['empty offset and length', { offset: '', length: '' }, 0],
    ['both', { offset: '8', length: '80' }, 8],
    ['a checksum that is not looked at', { checksum: 'abc' }, 0],
  ])('is read with %s', async (_name, reference, offset) => {
    const bytes = model((tensor) => tensor.externalData.push(...entries(reference)));
    const data = new Uint8Array(offset + 4 * CLASSES * DIMENSIONS + 3);
    data.set(bytesOf(WEIGHT), offset);
    expect((await read(await open(bytes, data))).weight.data).toEqual(WEIGHT);
  });

  it('is refused where the file is too short, or does not say where', async () => {
    await expectRefusal(
      async () => read(await open(model(), new Uint8Array(79))),
      'MODEL_INVALID',
      /'w' from 'd': it needs bytes 0 to 80, but the file has 79/,
    );
    const nowhere = model((tensor) => {
      tensor.externalData = [];
    });
    await expectRefusal(
      async () => read(await open(nowhere, new Uint8Array(80))),
      'MODEL_INVALID',
      /'w': its location is missing/,
    );
  });

  it('is refused where it cannot be inside', async () => {
    const words = model((tensor) => {
      tensor.dataType = DataType.STRING;
    });
    const file = await open(words, new Uint8Array(80));
    await expectRefusal(() => makeRunnable(file), 'MODEL_INVALID', /'w' has a type that cannot be external/);
    await expectRefusal(
      () => readTensor(file, file.proto.graph!.initializer.find(({ name }) => name === 'w')!),
      'HEAD_UNSUPPORTED',
      /'w': it holds STRING; heads are/,
    );
    const large = model((tensor) => {
      tensor.dims = [2n ** 20n, 2n ** 9n];
    });
    await expectRefusal(
      async () => makeRunnable(await open(large, new Uint8Array(80))),
      'LIMIT_EXCEEDED',
      /external data in 'd' it passes 2 GiB/,
    );
  });
});
