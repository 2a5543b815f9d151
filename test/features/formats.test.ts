/** Feature files in every format: what is written is read, whole and piece by piece, by us and by others. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { denseData, matrix } from '../../src/array/matrix.js';
import { openArrays } from '../../src/array/open-arrays.js';
import { readCounts } from '../../src/data/read-counts.js';
import { readLabels } from '../../src/data/read-labels.js';
import { featureArrays } from '../../src/features/feature-arrays.js';
import { FeatureSet } from '../../src/features/feature-set.js';
import { openFeatureStream } from '../../src/features/feature-stream.js';
import { readFeatures } from '../../src/features/read-features.js';
import { FEATURE_ENDINGS } from '../../src/features/write-arrays.js';
import { writeFeatures } from '../../src/features/write-features.js';
import { expectRefusal } from '../array/expect-refusal.js';
import { pythonHas, runPython } from '../array/python.js';
import { temporaryFolder } from '../data/temporary-folder.js';

const fileIn = temporaryFolder();
const [N, D, C] = [1500, 700, 4];
const labels = Int32Array.from({ length: N }, (_, i) => (i * i) % C);

const set = new FeatureSet({
  features: matrix(
    Float32Array.from({ length: N * D }, (_, i) => Math.sin(i * i)),
    N,
    D,
  ),
  labels,
  logits: matrix(
    Float32Array.from({ length: N * C }, (_, i) => Math.cos(i * i)),
    N,
    C,
  ),
  classes: ['ape', 'Bär', '猫', 'unseen "one"'],
  classCount: C,
  origin: { model: { sha256: 'ab'.repeat(32), output: 'p' }, source: 'src', device: 'cpu', version: '0' },
  verificationInputs: {
    rows: Int32Array.of(0, 2),
    inputs: { 'x:0': { data: Float32Array.of(1, 2, 3, 4), dims: [2, 2] } },
  },
});

/** Millions of numbers, which toEqual is slow for. */
const firstDifference = (a: ArrayLike<number>, b: ArrayLike<number>) =>
  a.length === b.length
    ? Array.prototype.findIndex.call(a, (number, i) => number !== b[i])
    : Math.min(a.length, b.length);

describe.each(FEATURE_ENDINGS)('features in %s', (ending) => {
  it('come back as they were, the same bytes each time', async () => {
    const path = fileIn(`full${ending}`);
    await writeFeatures(path, set);
    const read = await readFeatures(path);
    expect(read.features.shape).toEqual([N, D]);
    expect(firstDifference(denseData(read.features), denseData(set.features))).toBe(-1);
    expect(firstDifference(denseData(read.logits!), denseData(set.logits!))).toBe(-1);
    expect(firstDifference(read.labels!, labels)).toBe(-1);
    expect([read.classes, read.classCount, read.origin]).toEqual([set.classes, C, set.origin]);
    // A row per sample has no place for them.
    expect(read.verificationInputs).toEqual(ending === '.parquet' ? undefined : set.verificationInputs);
    await expectRefusal(() => set.save(path), 'FILE_EXISTS', /full/);
    const before = readFileSync(path);
    await set.save(path, { overwrite: true });
    expect(readFileSync(path).equals(before)).toBe(true);
  });

  it('come back without the parts that are optional', async () => {
    const path = fileIn(`bare${ending}`);
    await new FeatureSet({ features: matrix(Float32Array.of(1, 2), 2, 1) }).save(path);
    const { features, ...rest } = await readFeatures(path);
    expect(denseData(features)).toEqual(Float32Array.of(1, 2));
    expect([rest.labels, rest.logits, rest.classes, rest.origin]).toEqual(new Array(4).fill(undefined));
    await expectRefusal(
      () => openFeatureStream(path),
      'LABELS_INVALID',
      /no array "labels"; it holds features/,
    );
  });

  it('are read in chunks, as often as wanted', async () => {
    const path = fileIn(`chunks${ending}`);
    await set.save(path);
    const stream = await openFeatureStream(path);
    expect([stream.samples, stream.dimensions, stream.classCount, stream.logitWidth]).toEqual([N, D, C, C]);
    for (let pass = 0; pass < 2; pass++) {
      let at = 0;
      for await (const chunk of stream.chunks(999)) {
        const expected = denseData(set.features).subarray(at * D, (at + chunk.labels.length) * D);
        expect(firstDifference(denseData(chunk.features), expected)).toBe(-1);
        at += chunk.labels.length;
      }
      expect(at).toBe(N);
    }
  });

  it('are known by their bytes, and their labels are counted', async () => {
    const path = fileIn(`labels${ending}`);
    await set.save(path);
    const bytes = new Uint8Array(readFileSync(path));
    expect((await readFeatures(bytes, 'dropped')).name).toBe('dropped');
    const all = { features: set.features, labels: labels.map((_, i) => i % C), classCount: C };
    await new FeatureSet(all).save(path, { overwrite: true });
    for (const source of [path, new Uint8Array(readFileSync(path))]) {
      expect(await readCounts(source, { classCount: C })).toEqual([375, 375, 375, 375]);
      expect((await readLabels(source)).subarray(0, 5)).toEqual(Int32Array.of(0, 1, 2, 3, 0));
    }
    expect((await featureArrays(path))?.has('features')).toBe(true);
    const renamed = fileIn(`labels${ending}.old`, readFileSync(path));
    expect((await openArrays(renamed)).has('labels')).toBe(true);
  });
});

describe('other names', () => {
  it('are refused, with those that are allowed', () =>
    expectRefusal(
      () => writeFeatures(fileIn('features.csv'), set),
      'FORMAT_UNSUPPORTED',
      /features\.csv: the name says no format.*\.npz, \.safetensors, \.parquet/,
    ));

  it('a file that has something else in it is refused by what it lacks', async () => {
    const weights = new URL('../fixtures/safetensors/head.safetensors', import.meta.url).pathname;
    await expectRefusal(
      () => readFeatures(weights),
      'FORMAT_INVALID',
      /no array "features"; it holds bias, weight/,
    );
    const table = new URL('../fixtures/parquet/no-features.parquet', import.meta.url).pathname;
    await expectRefusal(
      () => readFeatures(table),
      'FORMAT_INVALID',
      /no array "features"; it holds embedding, labels/,
    );
  });
});

describe('others read what we write', () => {
  it.skipIf(!pythonHas('pyarrow'))('pyarrow', async () => {
    const path = fileIn('for-pyarrow.parquet');
    await set.save(path);
    const script = `import sys, json, numpy as np, pyarrow.parquet as pq
t = pq.read_table(sys.argv[1]); f = np.stack(t["features"].to_numpy()); l = np.stack(t["logits"].to_numpy())
print(json.dumps([str(t.schema.field("features").type), f.shape, float(f[7, 5]), float(f[-1, -1]), l.shape, t["label"].to_pylist()[:5], t["class"].to_pylist()[:5],
  {k.decode(): v.decode() for k, v in t.schema.metadata.items()}, pq.ParquetFile(sys.argv[1]).metadata.created_by]))`;
    const [type, shape, one, last, logits, label, names, metadata, by] = JSON.parse(runPython(script, path));
    expect([type, shape, logits]).toEqual(['list<element: float not null>', [N, D], [N, C]]);
    expect([one, last]).toEqual([set.features.get(7, 5), set.features.get(N - 1, D - 1)]);
    expect(label).toEqual([...labels.subarray(0, 5)]);
    expect(names).toEqual(label.map((k: number) => set.classes![k]));
    expect(JSON.parse(metadata.classes)).toEqual(set.classes);
    expect(by).toMatch(/^onnx-tailor version \d/);
  });

  it.skipIf(!pythonHas('duckdb'))('DuckDB', async () => {
    const path = fileIn('for-duckdb.parquet');
    await set.save(path);
    const script = `import sys, duckdb
print(duckdb.sql(f"SELECT class, count(*), round(avg(features[1]), 4) FROM '{sys.argv[1]}' WHERE label < 2 GROUP BY ALL ORDER BY 1").fetchall())`;
    const mean = (k: number) => {
      const rows = [...labels.keys()].filter((i) => labels[i] === k);
      return rows.reduce((sum, i) => sum + set.features.get(i, 0), 0) / rows.length;
    };
    const row = (k: number) => `('${set.classes![k]}', 750, ${Number(mean(k).toFixed(4))})`;
    expect(runPython(script, path).trim()).toBe(`[${row(1)}, ${row(0)}]`);
  });

  it.skipIf(!pythonHas('safetensors'))('safetensors', async () => {
    const path = fileIn('for-python.safetensors');
    await set.save(path);
    const script = `import sys, json; from safetensors import safe_open
with safe_open(sys.argv[1], framework="np") as f:
  print(json.dumps([{k: [str(f.get_tensor(k).dtype), f.get_tensor(k).shape] for k in f.keys()}, sorted(f.metadata())]))`;
    expect(JSON.parse(runPython(script, path))).toEqual([
      {
        features: ['float32', [N, D]],
        logits: ['float32', [N, C]],
        labels: ['int64', [N]],
        input_rows: ['int32', [2]],
        'input:x:0': ['float32', [2, 2]],
      },
      ['classes', 'origin'],
    ]);
  });
});
