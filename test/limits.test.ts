/** Every limit of src/array/limits.ts: what is just beyond it is refused in the same words, and accepted once it is raised. */
import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { zipSync } from 'fflate';
import { parquetWriteBuffer } from 'hyparquet-writer';
import sharp from 'sharp';
import { afterEach, describe, expect, it } from 'vitest';
import { inflateTo } from '../src/array/inflate.js';
import {
  currentLimits,
  LIMIT_NAMES,
  LIMITS,
  type LimitName,
  limit,
  limitOption,
  setLimits,
} from '../src/array/limits.js';
import { encodeNpy, parseNpy, toLabels } from '../src/array/npy.js';
import { encodeNpz, openNpz, readNpz } from '../src/array/npz.js';
import { unpack } from '../src/array/parquet/codecs.js';
import { readPageHeader } from '../src/array/parquet/page.js';
import { openParquet } from '../src/array/parquet/parquet.js';
import { openTable } from '../src/array/parquet/table.js';
import { skipStructure } from '../src/array/parquet/thrift.js';
import { openSafetensors } from '../src/array/safetensors.js';
import { imageFolder } from '../src/data/image-folder.js';
import { parsePreprocess } from '../src/data/preprocess.js';
import { readClasses } from '../src/data/read-classes.js';
import { readCounts } from '../src/data/read-counts.js';
import { readJson } from '../src/data/read-json.js';
import { tableSource } from '../src/data/table-source.js';
import { probeLayers } from '../src/diagnostics/layers.js';
import { fixedBatch } from '../src/features/batch.js';
import { openModel } from '../src/features/model.js';
import { GraphBuilder } from '../src/onnx/build.js';
import { randomInputs } from '../src/recalibrate/random-inputs.js';
import { expectRefusal } from './array/expect-refusal.js';
import { temporaryFolder } from './data/temporary-folder.js';
import { rowSource } from './features/small-classifiers.js';
import { head, linear } from './onnx/activation-models.js';
import { CLASSES, DIMENSIONS, features, INPUTS, WEIGHT } from './onnx/small-heads.js';

const file = temporaryFolder();
afterEach(() => {
  setLimits(Object.fromEntries(LIMIT_NAMES.map((name) => [name, LIMITS[name].default])));
});

/** What the limit has to be for `read` to succeed; one less is refused. */
interface Case {
  readonly needs: number;
  readonly read: () => unknown;
}

const TWO = encodeNpz({
  a: { shape: [1], data: Uint8Array.of(1) },
  b: { shape: [1], data: Uint8Array.of(2) },
});
const PARQUET = new Uint8Array(readFileSync(new URL('fixtures/parquet/plain.parquet', import.meta.url)));
const tail = (bytes: Uint8Array, from: number) =>
  new DataView(bytes.buffer, bytes.byteOffset).getUint32(bytes.length - from, true);
const text = (of: string) => new TextEncoder().encode(of);
const png = (width: number, height: number) =>
  sharp({ create: { width, height, channels: 3, background: 'red' } })
    .png()
    .toBuffer();
/** The header of a .npy array that is written by hand. */
function npy(dictionary: string, length = dictionary.length): Uint8Array {
  const bytes = new Uint8Array(12 + length).fill(0x20);
  bytes.set([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 2, 0]);
  new DataView(bytes.buffer).setUint32(8, length, true);
  bytes.set(text(dictionary), 12);
  return bytes;
}
const header = (descr: string, shape: string) =>
  `{'descr': '${descr}', 'fortran_order': False, 'shape': (${shape}), }`;

/** One for every limit: the compiler asks for what is missing. */
const CASES: Readonly<Record<LimitName, () => Case | Promise<Case>>> = {
  zipDirectoryBytes: () => ({ needs: tail(TWO, 10), read: () => openNpz(TWO, 'x') }),
  unpackedBytes: () => {
    const array = encodeNpy({ shape: [5000], data: new Uint8Array(5000) });
    const packed = zipSync({ 'a.npy': array, 'b.npy': array }, { level: 9 });
    const packedBytes = new DataView(packed.buffer).getUint32(18, true);
    // Each of them is below it, and both are not.
    return { needs: 2 * (array.length - packedBytes), read: () => readNpz(packed, 'x') };
  },
  npyHeaderBytes: () => ({
    needs: LIMITS.npyHeaderBytes.default + 1,
    read: () => parseNpy(npy(header('|u1', '0,'), LIMITS.npyHeaderBytes.default + 1)),
  }),
  arrayAxes: () => {
    const needs = LIMITS.arrayAxes.default + 1;
    const bytes = npy(header('|u1', `0,${'1,'.repeat(needs - 1)}`));
    return { needs, read: () => parseNpy(bytes) };
  },
  strings: () => ({ needs: 5, read: () => parseNpy(npy(header('<U0', '5,'))) }),
  stringBytes: () => {
    const needs = LIMITS.stringBytes.default + 1;
    return { needs, read: () => parseNpy(npy(header(`|S${needs}`, '0,'))) };
  },
  nameLength: () => {
    const needs = LIMITS.nameLength.default + 1;
    const bytes = encodeNpz({ classes: { strings: ['cat', 'x'.repeat(needs)] } });
    return { needs, read: async () => readClasses(await openNpz(bytes, 'x')) };
  },
  safetensorsHeaderBytes: () => {
    const json = text('{"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}');
    const bytes = new Uint8Array(8 + json.length);
    bytes[0] = json.length;
    bytes.set(json, 8);
    return { needs: json.length, read: () => openSafetensors(bytes, 'x') };
  },
  parquetFooterBytes: () => ({ needs: tail(PARQUET, 8), read: () => openParquet(PARQUET, 'x') }),
  parquetMetadataValues: () => {
    // A list of 20 true.
    const bytes = Uint8Array.of(0x19, 0xf1, 20, ...new Array<number>(20).fill(1), 0);
    return { needs: 21, read: () => skipStructure(bytes, 0, 'x', 'footer') };
  },
  parquetPageBytes: () => ({ needs: 9, read: () => unpack(new Uint8Array(9), 'UNCOMPRESSED', 9, 'x') }),
  parquetPageHeaderBytes: async () => {
    const read = async () => (await openParquet(PARQUET, 'x')).read('labels');
    let needs = 0;
    for (let done = false; !done; ) {
      setLimits({ parquetPageHeaderBytes: ++needs });
      done = await read().then(
        () => true,
        () => false,
      );
    }
    return { needs, read };
  },
  parquetPageValues: () => {
    const page = PARQUET.subarray(4);
    return { needs: readPageHeader(page, 'x')!.values, read: () => readPageHeader(page, 'x') };
  },
  classes: () => {
    const needs = LIMITS.classes.default + 1;
    const array = { dtype: '<i4', shape: [2], data: Int32Array.of(0, needs - 1) };
    return { needs, read: () => toLabels(array, 'x') };
  },
  jsonBytes: () => ({ needs: 7, read: () => readCounts(text('[1,2,3]'), { classCount: 3, name: 'x' }) }),
  jsonDepth: () => {
    const nested = text('{"a":[{"b":"]]\\"[["}],"c":[]}');
    return { needs: 3, read: () => readJson(nested, 'x', 'x') };
  },
  pictureBytes: async () => {
    const bytes = await png(2, 2);
    const folder = dirname(dirname(file('bytes/cat/a.png', bytes)));
    return { needs: bytes.length, read: async () => (await imageFolder(folder)).read(0) };
  },
  picturePixels: async () => {
    const folder = dirname(dirname(file('pixels/cat/a.png', await png(4, 3))));
    return { needs: 12, read: async () => (await imageFolder(folder)).read(0) };
  },
  inputSide: () => {
    const needs = LIMITS.inputSide.default + 1;
    return { needs, read: () => parsePreprocess({ size: [1, needs] }, 'x') };
  },
  tableColumns: () => ({ needs: 3, read: () => tableSource(text('a,b,c\n1,2,3\n'), { name: 'x.csv' }) }),
  tableCells: () => ({ needs: 4, read: () => tableSource(text('a,b\n1,2\n1,3\n'), { name: 'x.csv' }) }),
  tableInputs: () => ({ needs: 3, read: () => tableSource(text('a,b\nx,2\ny,3\nz,3\n'), { name: 'x.csv' }) }),
  logitsClasses: () => ({ needs: CLASSES, read: () => openModel(logitsModel()) }),
  headOperators: () => ({ needs: 4, read: () => openModel(chainModel(3)) }),
  madeUpNumbers: async () => {
    const model = await openModel(chainModel(0));
    return { needs: 8 * INPUTS, read: async () => randomInputs(model) };
  },
  batchSamples: () => ({ needs: 5, read: () => fixedBatch([{ name: 'x', type: 'float32', dims: [5, 2] }]) }),
  layerDimensions: () => ({ needs: 7, read: probeSeven }),
};

/** Logits without a linear head. */
function logitsModel(): Uint8Array {
  const g = new GraphBuilder();
  const x = g.input('x', 'float32', ['n', CLASSES]);
  g.output(g.softmax(g.describe(g.relu(x), 'float32', ['n', CLASSES])), 'y', 'float32', ['n', CLASSES]);
  return g.build();
}

/** A head with operators behind it. */
function chainModel(length: number): Uint8Array {
  const g = new GraphBuilder();
  let z = g.gemm(features(g), g.constant(WEIGHT, [CLASSES, DIMENSIONS]), undefined, { transB: 1 });
  for (let i = 0; i < length; i++) z = g.op('Identity', [z]);
  g.output(z);
  return g.build();
}

/** Looks at a layer of seven dimensions. */
async function probeSeven(): Promise<unknown> {
  const g = new GraphBuilder();
  const h = g.op('Tanh', [linear(g, g.input('x', 'float32', ['n', 2]), 2, 7, 1)], {}, { outputs: ['h'] });
  head(g, linear(g, h, 7, DIMENSIONS, 2));
  const rows = Array.from({ length: 4 * CLASSES }, (_, i): [number, number] => [
    Math.sin(i),
    Math.cos(i * i),
  ]);
  const source = rowSource(rows, { labels: Int32Array.from(rows, (_, i) => i % CLASSES) });
  return probeLayers(await openModel(g.build()), source, { device: 'cpu', threads: 1, tensors: ['h'] });
}

describe('what is beyond a limit', () => {
  it.each(LIMIT_NAMES)('%s is refused, and accepted when the limit is raised', async (name) => {
    const { needs, read } = await CASES[name]();
    expect(needs).toBeGreaterThan(1);
    setLimits({ [name]: needs - 1 });
    const unit = LIMITS[name].unit;
    await expectRefusal(
      read,
      'LIMIT_EXCEEDED',
      new RegExp(
        `; at most ${needs - 1} ${unit} are allowed\\. .*--allow ${limitOption(name)}=N, or setLimits\\(\\{ ${name}: N \\}\\)`,
      ),
    );
    setLimits({ [name]: needs });
    await read();
  });

  it('of unpacked bytes is refused in gzip, one entry and Parquet as well', async () => {
    setLimits({ unpackedBytes: 400 });
    const entry = zipSync({ 'a.npy': new Uint8Array(500) }, { level: 9 });
    await expectRefusal(() => readNpz(entry, 'x'), 'LIMIT_EXCEEDED', /unpacked-bytes/);
    expect(() => inflateTo(new Uint8Array(100), 501, 'x')).toThrow(/100 to 501 bytes.*unpacked-bytes/);
    // 100,000 times the same takes some hundred bytes in a file.
    const rows = 100_000;
    const table = new Uint8Array(
      parquetWriteBuffer({
        columnData: [
          { name: 'f0', data: new Array(rows).fill(1), type: 'FLOAT' },
          { name: 'word', data: new Array(rows).fill('a'), type: 'STRING' },
        ],
      }),
    );
    expect(table.length).toBeLessThan(2000);
    for (const [column, width] of [
      ['f0', 4],
      ['word', 8],
    ] as const) {
      const read = async () => (await openTable(table, 'x')).read(column);
      setLimits({ unpackedBytes: rows * width - table.length - 1 });
      await expectRefusal(read, 'LIMIT_EXCEEDED', /100000 values of .* take .*unpacked-bytes/);
      setLimits({ unpackedBytes: rows * width - table.length });
      expect((await read()).shape).toEqual([rows]);
    }
  });
});

describe('setLimits', () => {
  it('gives back what held before, and leaves the undefined alone', () => {
    const before = setLimits({ classes: 5, strings: undefined });
    expect(before.classes).toBe(LIMITS.classes.default);
    expect(limit('strings')).toBe(LIMITS.strings.default);
    expect(limit('classes')).toBe(5);
    setLimits(before);
    expect(currentLimits()).toEqual(before);
  });

  it('refuses names that are none and numbers that are none, and changes nothing then', async () => {
    const wrong = [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, '7' as never];
    for (const value of wrong) {
      await expectRefusal(
        () => setLimits({ strings: 1, classes: value }),
        'INVALID_ARGUMENT',
        /classes is .*a whole number of classes from 1 to 2147483647/,
      );
    }
    for (const name of ['pixels', 'constructor', '__proto__']) {
      await expectRefusal(
        () => setLimits(JSON.parse(`{"strings": 1, "${name}": 1}`)),
        'INVALID_ARGUMENT',
        /there is none called .*zipDirectoryBytes, /,
      );
    }
    await expectRefusal(() => setLimits({ classes: 2 ** 31 }), 'INVALID_ARGUMENT', /2147483648/);
    expect(limit('strings')).toBe(LIMITS.strings.default);
  });

  it('says of every limit what it is for', () => {
    for (const name of LIMIT_NAMES) {
      expect(LIMITS[name].reason).toMatch(/^[A-Z].{20,}\.$/);
      expect(Number.isSafeInteger(LIMITS[name].default)).toBe(true);
      expect(limitOption(name)).toMatch(/^[a-z]+(-[a-z]+)*$/);
    }
    expect(limitOption('picturePixels')).toBe('picture-pixels');
  });
});
