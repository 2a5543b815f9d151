/** Models that Python's tools wrote (test/fixtures/onnx-models.py), and rounding to half precision as numpy does it. */
import { cp, mkdir, mkdtemp, readFile, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { toBinary } from '@bufbuild/protobuf';
import { ModelProtoSchema } from 'onnx-buf';
import * as ort from 'onnxruntime-node';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fromBfloat16, fromFloat16, toBfloat16, toFloat16 } from '../../src/array/float16.js';
import { denseData } from '../../src/array/matrix.js';
import { cutExtractor } from '../../src/onnx/cut.js';
import { chooseHead, findHeads } from '../../src/onnx/find-heads.js';
import { graftHead, headTolerance } from '../../src/onnx/graft.js';
import { graphOf, parseModel, readModelFile } from '../../src/onnx/model-file.js';
import { readHead, sameNumbers } from '../../src/onnx/read-head.js';
import { makeRunnable } from '../../src/onnx/runnable.js';
import { expectRefusal } from '../array/expect-refusal.js';
import { largestDifference, otherHead, predict, run } from './run-model.js';
import { numbers } from './small-heads.js';

const FOLDER = join(import.meta.dirname, '../fixtures/onnx');
interface Expected {
  weight: number[][];
  bias: number[];
}
const { rounding, ...heads } = JSON.parse(await readFile(join(FOLDER, 'expected.json'), 'utf8')) as Record<
  string,
  Expected
> & { rounding: { bits: number[]; float16: number[]; bfloat16: number[] } };

async function open(path: string) {
  const file = await readModelFile(path);
  return { file, location: chooseHead(findHeads(file)) };
}
const vectors = { x: new ort.Tensor('float32', numbers(15, 3), [3, 5]) };
const feedsOf = (name: string) =>
  name === 'torch' ? { x: new ort.Tensor('float32', numbers(2 * 192, 3), [2, 3, 8, 8]) } : vectors;

describe.each(Object.keys(heads))('%s.onnx', (name) => {
  const path = join(FOLDER, `${name}.onnx`);

  it('has the head that Python put in', async () => {
    const { file, location } = await open(path);
    const head = await readHead(file, location);
    expect(Array.from(denseData(head.weight))).toEqual(heads[name].weight.flat());
    expect(Array.from(denseData(head.bias))).toEqual(heads[name].bias);
    expect((await graftHead(file, location, head)).bytes).toEqual(file.bytes);
  });

  it.skipIf(name === 'bfloat16-typed')('is cut and grafted', async () => {
    const { file, location } = await open(path);
    const cut = await cutExtractor(file, location);
    const before = await run(cut.bytes, feedsOf(name));
    const features = before[cut.features].data as number[];
    const tolerance = headTolerance(location.dtype, 10);
    expect(
      largestDifference(before[cut.logits].data, predict(await readHead(file, location), features)),
    ).toBeLessThan(tolerance);
    const wanted = otherHead(location);
    const grafted = await graftHead(file, location, wanted);
    const sideFiles = new Map(grafted.sideFiles.map((side) => [side.location, side.bytes]));
    const after = { ...(await readModelFile(grafted.bytes, { sideFiles })), folder: FOLDER };
    const cutAfter = await cutExtractor(after, chooseHead(findHeads(after)));
    const logits = (await run(cutAfter.bytes, feedsOf(name)))[cutAfter.logits].data;
    expect(largestDifference(logits, predict(wanted, features))).toBeLessThan(tolerance);
  });
});

it('keeps scikit-learn’s labels and what follows them', async () => {
  const { file, location } = await open(join(FOLDER, 'scikit-learn.onnx'));
  expect(location).toMatchObject({
    kind: 'linear-classifier',
    features: 'x',
    classNames: ['ash', 'beech', 'cedar', 'dogwood'],
  });
  expect(location.outputs.map(({ name, form }) => [name, form])).toEqual([
    ['output_label', 'labels'],
    ['output_probability', 'derived'],
  ]);
  const grafted = await graftHead(file, location, otherHead(location));
  const session = await ort.InferenceSession.create(grafted.bytes);
  const { output_label } = await session.run(vectors, ['output_label']);
  const logits = predict(otherHead(location), vectors.x.data as Float32Array);
  const best = [0, 1, 2].map((row) => {
    const part = logits.slice(4 * row, 4 * row + 4);
    return location.classNames?.[part.indexOf(Math.max(...part))];
  });
  expect(Array.from(output_label.data as unknown as string[])).toEqual(best);
});

describe('external data', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'onnx-tailor-'));
    for (const name of ['external.onnx', 'external.onnx.data'])
      await cp(join(FOLDER, name), join(folder, name));
  });
  afterEach(() => rm(folder, { recursive: true }));
  const path = () => join(folder, 'external.onnx');

  it('goes to a new side file where it changes, and stays where it does not', async () => {
    const { file, location } = await open(path());
    const wanted = otherHead(location);
    const grafted = await graftHead(file, location, wanted, { outName: join('elsewhere', 'new.onnx') });
    const [{ location: side }] = grafted.sideFiles;
    expect(side).toMatch(/^new\.onnx\.head-[0-9a-f]{12}\.data$/);
    expect(grafted.keptSideFiles).toEqual(['external.onnx.data']);
    await writeFile(join(folder, 'new.onnx'), grafted.bytes);
    for (const side of grafted.sideFiles) await writeFile(join(folder, side.location), side.bytes);
    const after = await open(join(folder, 'new.onnx'));
    expect(sameNumbers(await readHead(after.file, after.location), wanted)).toBe(true);
    // onnxruntime itself finds both files beside the model.
    const session = await ort.InferenceSession.create(join(folder, 'new.onnx'));
    const logits = Array.from((await session.run(vectors)).logits.data as Float32Array);
    const inlined = await run((await makeRunnable(after.file)).bytes, vectors);
    expect(inlined.logits.data).toEqual(logits);
    const cut = await cutExtractor(file, location);
    const features = (await run(cut.bytes, vectors))[cut.features].data as number[];
    expect(largestDifference(logits, predict(wanted, features))).toBeLessThan(1e-5);
    // A second graft under the same name does not overwrite what the first one needs.
    const again = await graftHead(after.file, after.location, otherHead(location, 40), {
      outName: 'new.onnx',
    });
    expect(again.sideFiles.map(({ location: name }) => name)).not.toContain(side);
    const same = await graftHead(file, location, wanted, { outName: 'new.onnx' });
    expect(same.sideFiles).toEqual(grafted.sideFiles);
  });

  it('is not written where only one of weight and bias changes', async () => {
    const { file, location } = await open(path());
    const head = await readHead(file, location);
    denseData(head.bias)[1] += 1;
    const grafted = await graftHead(file, location, head);
    expect(grafted.changed).toEqual({ weight: false, bias: true });
    expect(grafted.sideFiles[0].bytes.length).toBe(16);
  });

  it('is looked for in memory first', async () => {
    const bytes = await readFile(path());
    const inMemory = await readModelFile(bytes, {
      sideFiles: new Map([['external.onnx.data', await readFile(join(folder, 'external.onnx.data'))]]),
    });
    const head = await readHead(inMemory, chooseHead(findHeads(inMemory)));
    expect(Array.from(denseData(head.bias))).toEqual(heads.external.bias);
    const alone = await readModelFile(bytes);
    await expectRefusal(
      () => readHead(alone, chooseHead(findHeads(alone))),
      'FILE_NOT_FOUND',
      /given as bytes/,
    );
  });

  it('is refused where it is missing, too short, or of another size', async () => {
    const { file, location } = await open(path());
    await truncate(join(folder, 'external.onnx.data'), 150);
    await expectRefusal(() => readHead(file, location), 'MODEL_INVALID', /the file has 150/);
    await expectRefusal(() => cutExtractor(file, location), 'MODEL_INVALID', /the file has 150/);
    await rm(join(folder, 'external.onnx.data'));
    await expectRefusal(
      () => readHead(file, location),
      'FILE_NOT_FOUND',
      /external\.onnx\.data is not there/,
    );
    await mkdir(join(folder, 'external.onnx.data'));
    await expectRefusal(() => readHead(file, location), 'FILE_NOT_FOUND', /is not there/);
  });

  const withEntry = async (key: string, value: string) => {
    const proto = parseModel(await readFile(path()), 'm');
    for (const tensor of graphOf({ proto, bytes: new Uint8Array() }).initializer) {
      for (const entry of tensor.externalData) if (entry.key === key) entry.value = value;
    }
    await writeFile(path(), toBinary(ModelProtoSchema, proto));
    const { file, location } = await open(path());
    return () => readHead(file, location);
  };

  it.each([
    ['/etc/hostname'],
    ['../external.onnx.data'],
    ['a/../../b'],
    ['..\\b'],
    ['\\\\server\\share'],
    ['C:\\b'],
    ['c:b'],
    ['file:///etc/hostname'],
    ['https://example.org/b'],
    ['a\0b'],
  ])('is refused outside of the folder: %s', async (location) => {
    await expectRefusal(
      await withEntry('location', location),
      'PATH_FORBIDDEN',
      /leads out of the model's folder/,
    );
  });

  it('is refused through a symbolic link that leaves the folder', async () => {
    const outside = await mkdtemp(join(tmpdir(), 'onnx-tailor-outside-'));
    try {
      await cp(join(FOLDER, 'external.onnx.data'), join(outside, 'data'));
      await symlink(outside, join(folder, 'link'));
      await expectRefusal(await withEntry('location', 'link/data'), 'PATH_FORBIDDEN', /link\/data/);
    } finally {
      await rm(outside, { recursive: true });
    }
  });

  it('may lie in a folder inside, and behind a link that stays inside', async () => {
    await mkdir(join(folder, 'sub'));
    await cp(join(FOLDER, 'external.onnx.data'), join(folder, 'sub/data'));
    await symlink(join(folder, 'sub'), join(folder, 'link'));
    expect((await (await withEntry('location', 'link/data'))()).bias.shape).toEqual([4]);
  });

  it.each([
    ['offset', '-1', /its offset is '-1'/],
    ['offset', '1e3', /its offset is '1e3'/],
    ['offset', '99999999999999999999', /its offset/],
    ['offset', '9007199254740991', /the file has/],
    ['length', '12', /says 12 bytes, but the tensor's shape needs/],
    ['location', '', /location is missing/],
  ])('is refused with a bad %s: %s', async (key, value, message) => {
    await expectRefusal(await withEntry(key, value), 'MODEL_INVALID', message);
  });
});

describe('half precision', () => {
  it('is rounded as numpy and ml_dtypes do', () => {
    const values = new Float32Array(Uint32Array.from(rounding.bits).buffer);
    expect(Array.from(values, toFloat16)).toEqual(rounding.float16);
    expect(Array.from(values, toBfloat16)).toEqual(rounding.bfloat16);
  });

  it('keeps every number through reading and writing', () => {
    for (let bits = 0; bits < 65536; bits++) {
      const half = fromFloat16(bits);
      if (!Number.isNaN(half)) expect(toFloat16(half)).toBe(bits);
      const brain = fromBfloat16(bits);
      if (!Number.isNaN(brain)) expect(toBfloat16(brain)).toBe(bits);
    }
    expect(fromFloat16(toFloat16(Number.NaN))).toBeNaN();
    expect(fromBfloat16(toBfloat16(Number.NaN))).toBeNaN();
    expect(toFloat16(Number.NEGATIVE_INFINITY)).toBe(0xfc00);
  });
});
