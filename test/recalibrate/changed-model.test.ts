/** Models whose numbers lie in files beside them: saved where they can be opened, and nothing lost on the way. */
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
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
  ModelProtoSchema,
  StringStringEntryProtoSchema,
} from 'onnx-buf';
import * as ort from 'onnxruntime-node';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type LinearHead, linearHead } from '../../src/array/linear-head.js';
import { denseData } from '../../src/array/matrix.js';
import { openModel } from '../../src/features/model.js';
import { GraphBuilder } from '../../src/onnx/build.js';
import { parseModel } from '../../src/onnx/model-file.js';
import { sameNumbers } from '../../src/onnx/read-head.js';
import type { ChangedModel } from '../../src/recalibrate/changed-model.js';
import { graft } from '../../src/recalibrate/graft.js';
import { recalibrate } from '../../src/recalibrate/recalibrate.js';
import { expectRefusal } from '../array/expect-refusal.js';
import { rowSource } from '../features/small-classifiers.js';
import { INPUT, largestDifference, otherHead, predict, SAMPLES } from '../onnx/run-model.js';
import { BIAS, CLASSES, DIMENSIONS, features, INPUTS, WEIGHT } from '../onnx/small-heads.js';

const FIXTURES = join(import.meta.dirname, '../fixtures/onnx');
let folder: string;
let other: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'onnx-tailor-test-'));
  other = join(folder, 'other');
  mkdirSync(other);
  for (const name of ['external.onnx', 'external.onnx.data'])
    cpSync(join(FIXTURES, name), join(folder, name));
});
afterEach(() => rmSync(folder, { recursive: true }));

const at = (...names: string[]) => join(folder, ...names);
const listing = (path: string) => readdirSync(path).sort();
const x = () => new ort.Tensor('float32', INPUT.slice(0, 5 * 8), [8, 5]);

/** The logits that onnxruntime gives for the file at `path`, which finds its side files itself. */
async function runAt(path: string): Promise<number[]> {
  const session = await ort.InferenceSession.create(path, { logSeverityLevel: 3 });
  try {
    return Array.from((await session.run({ x: x() })).logits.data as Float32Array);
  } finally {
    await session.release();
  }
}

/** What the head at `path` must give: its features are those of the original. */
async function expectLogits(path: string, head: LinearHead): Promise<void> {
  const original = await openModel(join(FIXTURES, 'external.onnx'));
  const rows = Array.from({ length: 8 }, (_, i) => Array.from(INPUT.slice(5 * i, 5 * i + 5)));
  const set = await original.extract(rowSource(rows));
  expect(largestDifference(await runAt(path), predict(head, denseData(set.features)))).toBeLessThan(1e-5);
  const again = await openModel(path);
  expect(sameNumbers(again.head, head)).toBe(true);
}

async function grafted(outName = 'new.onnx', seed = 20) {
  const model = await openModel(at('external.onnx'));
  const head = otherHead(model.location, seed);
  return { head, changed: await graft(model, head, { outName }) };
}

const sideFile = (changed: ChangedModel) => changed.sideFiles[0].location;

describe('a model with external data is saved', () => {
  it('beside the original, which stays as it is', async () => {
    const before = readFileSync(at('external.onnx.data'));
    const { head, changed } = await grafted();
    expect(changed.notes.join()).toMatch(/numbers are in new\.onnx\.head-[0-9a-f]{12}\.data/);
    expect(await changed.save(at('new.onnx'))).toEqual({ out: at('new.onnx'), sha256: changed.sha256 });
    expect(listing(folder)).toEqual([
      'external.onnx',
      'external.onnx.data',
      'new.onnx',
      sideFile(changed),
      'other',
    ]);
    expect(readFileSync(at('external.onnx.data')).equals(before)).toBe(true);
    await expectLogits(at('new.onnx'), head);
  });

  it('in another folder, with what it still refers to', async () => {
    const { head, changed } = await grafted();
    await changed.save(join(other, 'new.onnx'));
    expect(listing(other)).toEqual(['external.onnx.data', 'new.onnx', sideFile(changed)]);
    await expectLogits(join(other, 'new.onnx'), head);
  });

  it('over the original, twice', async () => {
    const { head, changed } = await grafted('external.onnx');
    await changed.save(at('external.onnx'), { overwrite: true });
    await expectLogits(at('external.onnx'), head);
    const again = await openModel(at('external.onnx'));
    const second = otherHead(again.location, 50);
    const saved = await (await graft(again, second, { outName: 'external.onnx' })).save(at('external.onnx'), {
      overwrite: true,
    });
    await expectLogits(at('external.onnx'), second);
    expect(saved.unused).toEqual([sideFile(changed)]);
    // Another model may still need it.
    expect(listing(folder)).toContain(sideFile(changed));
  });

  it('through a link, beside the file itself', async () => {
    symlinkSync(join(other, 'new.onnx'), at('link.onnx'));
    writeFileSync(join(other, 'new.onnx'), 'old');
    const { head, changed } = await grafted();
    await changed.save(at('link.onnx'), { overwrite: true });
    await expectLogits(join(other, 'new.onnx'), head);
    expect(listing(folder)).toEqual(['external.onnx', 'external.onnx.data', 'link.onnx', 'other']);
  });

  it('next to another one that shares its data', async () => {
    const first = await grafted('a.onnx', 20);
    await first.changed.save(join(other, 'a.onnx'));
    const second = await grafted('b.onnx', 30);
    await second.changed.save(join(other, 'b.onnx'));
    expect(listing(other)).toEqual([
      'a.onnx',
      sideFile(first.changed),
      'b.onnx',
      sideFile(second.changed),
      'external.onnx.data',
    ]);
    await expectLogits(join(other, 'a.onnx'), first.head);
    await expectLogits(join(other, 'b.onnx'), second.head);
    // And once more: everything but the model is there already.
    await expectRefusal(
      () => second.changed.save(join(other, 'b.onnx')),
      'FILE_EXISTS',
      /b\.onnx: it exists/,
    );
    await second.changed.save(join(other, 'b.onnx'), { overwrite: true });
    await expectLogits(join(other, 'b.onnx'), second.head);
  });

  it('from a folder inside, which is made in the new place, too', async () => {
    mkdirSync(at('sub'));
    cpSync(at('external.onnx.data'), at('sub', 'data'));
    writeFileSync(
      at('moved.onnx'),
      withLocations(at('external.onnx'), () => 'sub/data'),
    );
    const model = await openModel(at('moved.onnx'));
    const head = otherHead(model.location);
    const changed = await graft(model, head, { outName: 'new.onnx' });
    await changed.save(join(other, 'new.onnx'));
    expect(listing(other)).toEqual(['new.onnx', sideFile(changed), 'sub']);
    await expectLogits(join(other, 'new.onnx'), head);
  });

  it('by recalibrate as well', async () => {
    const model = await openModel(at('external.onnx'));
    const rows = Array.from({ length: 80 }, (_, i) =>
      Array.from({ length: 5 }, (_, d) => Math.sin(i * 5 + d)),
    );
    const validation = await model.extract(
      rowSource(rows, { labels: Int32Array.from(rows, (_, i) => i % CLASSES) }),
    );
    const result = await recalibrate(model, {
      validation,
      counts: [400, 100, 50, 10],
      method: 'additive',
      parameter: 1,
      outName: 'new.onnx',
    });
    await result.save(join(other, 'new.onnx'));
    // Only the bias changed.
    expect(readFileSync(join(other, sideFile(result.changed)))).toHaveLength(4 * CLASSES);
    await expectLogits(join(other, 'new.onnx'), result.head);
  });
});

describe('a refusal leaves everything as it was', () => {
  it('where the model is there already', async () => {
    const { changed } = await grafted();
    writeFileSync(join(other, 'new.onnx'), 'precious');
    await expectRefusal(() => changed.save(join(other, 'new.onnx')), 'FILE_EXISTS', /new\.onnx.*--force/);
    expect(listing(other)).toEqual(['new.onnx']);
    expect(readFileSync(join(other, 'new.onnx'), 'utf8')).toBe('precious');
  });

  it.each(['kept', 'new'])('where another file of %s data is', async (which) => {
    const { head, changed } = await grafted();
    const taken = which === 'new' ? sideFile(changed) : 'external.onnx.data';
    writeFileSync(join(other, taken), 'precious');
    await expectRefusal(
      () => changed.save(join(other, 'new.onnx')),
      'FILE_EXISTS',
      which === 'new' ? /\.data: it exists already/ : /external\.onnx\.data, which is another model's/,
    );
    expect(listing(other)).toEqual([taken]);
    expect(readFileSync(join(other, taken), 'utf8')).toBe('precious');
    const again = () => changed.save(join(other, 'new.onnx'), { overwrite: true });
    if (which === 'new') {
      // Its name says what should be in it.
      await again();
      await expectLogits(join(other, 'new.onnx'), head);
    } else {
      await expectRefusal(again, 'FILE_EXISTS', /cannot be replaced at once/);
      expect(listing(other)).toEqual([taken]);
    }
  });

  it('where there is no such folder', async () => {
    const { changed } = await grafted();
    await expectRefusal(
      () => changed.save(at('no', 'such', 'new.onnx')),
      'FILE_UNWRITABLE',
      /does not exist/,
    );
    expect(existsSync(at('no'))).toBe(false);
  });

  it('where a folder has the name of a side file', async () => {
    const { changed } = await grafted();
    mkdirSync(join(other, 'external.onnx.data'));
    await expectRefusal(
      () => changed.save(join(other, 'new.onnx'), { overwrite: true }),
      'FILE_UNWRITABLE',
      /a folder of that name/,
    );
    expect(existsSync(join(other, 'new.onnx'))).toBe(false);
  });
});

describe('data outside of the folder', () => {
  it('is refused when the head lies there', async () => {
    const path = join(other, 'm.onnx');
    writeFileSync(
      path,
      withLocations(at('external.onnx'), () => '../external.onnx.data'),
    );
    await expectRefusal(() => openModel(path), 'PATH_FORBIDDEN', /'\.\.\/external\.onnx\.data' leads out/);
  });

  it.each([
    ['by its text', '../external.onnx.data', () => {}],
    ['through a link', 'link', () => symlinkSync(at('external.onnx.data'), join(other, 'link'))],
  ])('is refused when only the extractor lies there, %s', async (_name, location, prepare) => {
    prepare();
    cpSync(at('external.onnx.data'), join(other, 'external.onnx.data'));
    const path = join(other, 'm.onnx');
    writeFileSync(
      path,
      withLocations(at('external.onnx'), (name) => (name === 'extractor' ? location : 'external.onnx.data')),
    );
    const model = await openModel(path);
    const forbidden = (action: () => unknown) =>
      expectRefusal(action, 'PATH_FORBIDDEN', /tensor 'extractor'.*leads out of the model's folder/);
    await forbidden(() => graft(model, otherHead(model.location)));
    await forbidden(() => model.extract(rowSource([[1, 2, 3, 4, 5]])));
    const trusted = await openModel(at('external.onnx'));
    const validation = await trusted.extract(
      rowSource(
        Array.from({ length: 8 }, (_, i) => [i, 1, 2, 3, 4]),
        { labels: Int32Array.of(0, 1, 2, 3, 0, 1, 2, 3) },
      ),
    );
    await forbidden(() =>
      recalibrate(model, { validation: validation, counts: [4, 3, 2, 1], method: 'additive', parameter: 1 }),
    );
    expect(listing(other)).not.toContain('new.onnx');
  });
});

it('keeps a model given as bytes whole', async () => {
  const g = new GraphBuilder();
  const head = [g.constant(WEIGHT, [CLASSES, DIMENSIONS]), g.constant(BIAS, [CLASSES])] as const;
  g.output(g.gemm(features(g), ...head, { transB: 1 }), 'logits', 'float32', ['n', CLASSES]);
  const model = await openModel(g.build());
  const wanted = linearHead(
    WEIGHT.map((w) => w / 3),
    BIAS,
    CLASSES,
    DIMENSIONS,
  );
  const changed = await graft(model, wanted);
  await changed.save(join(other, 'new.onnx'));
  expect(listing(other)).toEqual(['new.onnx']);
  const session = await ort.InferenceSession.create(join(other, 'new.onnx'), { logSeverityLevel: 3 });
  const { logits } = await session.run({ x: new ort.Tensor('float32', INPUT, [SAMPLES, INPUTS]) });
  await session.release();
  const first = await model.extract(rowSource([Array.from(INPUT.slice(0, INPUTS))]));
  expect(
    largestDifference(
      Array.from(logits.data as Float32Array).slice(0, CLASSES),
      predict(wanted, denseData(first.features)),
    ),
  ).toBeLessThan(1e-5);
});

/** The model at `path` with other locations of its external data, by tensor name. */
function withLocations(path: string, locationOf: (name: string) => string): Uint8Array {
  const proto = parseModel(readFileSync(path), 'the test');
  for (const tensor of proto.graph!.initializer) {
    expect(tensor.dataLocation).toBe(DataLocation.EXTERNAL);
    tensor.externalData = [
      ...tensor.externalData.filter(({ key }) => key !== 'location'),
      create(StringStringEntryProtoSchema, { key: 'location', value: locationOf(tensor.name) }),
    ];
  }
  return toBinary(ModelProtoSchema, proto);
}
