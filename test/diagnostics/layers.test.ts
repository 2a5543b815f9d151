/** FDR and ReLUFDR of layers: against a plain reference, against numpy on the model of this repository, and every shape. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Matrix as Dense, solve } from 'ml-matrix';
import { describe, expect, it } from 'vitest';
import { LIMITS } from '../../src/array/limits.js';
import { cifarSource } from '../../src/data/cifar.js';
import type { DataSource } from '../../src/data/sample.js';
import { type LayerOptions, probeLayers } from '../../src/diagnostics/layers.js';
import { openModel } from '../../src/features/model.js';
import type { Progress } from '../../src/features/progress.js';
import { GraphBuilder, type Value } from '../../src/onnx/build.js';
import { expectRefusal } from '../array/expect-refusal.js';
import { rowSource } from '../features/small-classifiers.js';
import { head, linear } from '../onnx/activation-models.js';
import { CLASSES, DIMENSIONS, numbers } from '../onnx/small-heads.js';

const ROOT = join(import.meta.dirname, '../..');
const cpu = { device: 'cpu', threads: 1 } as const;
const SAMPLES = 60;

/** trace(solve(S_W, S_B)) about the mean over samples, in float64, of rows [N][D]. */
function plainFdr(all: readonly (readonly number[])[], labels: ArrayLike<number>): number {
  // A unit that is never on has no scatter.
  const alive = all[0].flatMap((_, d) => (all.some((row) => row[d] !== all[0][d]) ? [d] : []));
  const rows = all.map((row) => alive.map((d) => row[d]));
  const dimensions = alive.length;
  const mean = (of: readonly (readonly number[])[]) =>
    Array.from({ length: dimensions }, (_, d) => of.reduce((sum, row) => sum + row[d], 0) / of.length);
  const overall = mean(rows);
  const within = Dense.zeros(dimensions, dimensions);
  const between = Dense.zeros(dimensions, dimensions);
  const outer = (into: Dense, v: number[], weight: number) =>
    into.add(Dense.columnVector(v).mmul(Dense.rowVector(v)).mul(weight));
  for (const k of new Set(Array.from(labels))) {
    const own = rows.filter((_, i) => labels[i] === k);
    const centre = mean(own);
    for (const row of own)
      outer(
        within,
        row.map((value, d) => value - centre[d]),
        1,
      );
    outer(
      between,
      centre.map((value, d) => value - overall[d]),
      own.length,
    );
  }
  return solve(within, between).trace();
}

/** Rows that depend on their class, and the labels. */
function labelled(length: number, samples = SAMPLES) {
  const labels = Int32Array.from({ length: samples }, (_, i) => (i * i + (i % 3)) % CLASSES);
  const noise = numbers(samples * length, 90);
  const centres = numbers(CLASSES * length, 91);
  const rows = Array.from(labels, (k, i) =>
    Array.from({ length }, (_, d) => noise[i * length + d] + 0.7 * centres[k * length + d]),
  );
  return { labels, rows };
}

/** A source for an input of shape [n, …dims]. */
function sourceOf(dims: readonly number[], samples = SAMPLES): DataSource & { labels: Int32Array } {
  const length = dims.reduce((product, size) => product * size, 1);
  const { labels, rows } = labelled(length, samples);
  return {
    name: 'rows',
    length: samples,
    labels,
    read: (index) => ({ kind: 'tensor', inputs: { '': { data: Float32Array.from(rows[index]), dims } } }),
  };
}

async function modelOf(
  dims: readonly (number | string)[],
  features: (g: GraphBuilder, x: Value) => Value,
  opset = 17,
) {
  const g = new GraphBuilder();
  head(g, features(g, g.input('x', 'float32', dims)));
  return openModel(g.build({ opset }));
}

const close = (value: number | null, wanted: number, tolerance = 1e-4) =>
  expect(Math.abs((value ?? Number.NaN) / wanted - 1)).toBeLessThan(tolerance);

describe('an MLP', () => {
  const build = (g: GraphBuilder, x: Value) => {
    const h = g.op('Relu', [linear(g, x, 6, 7, 40)], {}, { outputs: ['h'] });
    const t = g.op('Tanh', [linear(g, h, 7, 6, 42)], {}, { outputs: ['t'] });
    return g.op('Identity', [linear(g, t, 6, DIMENSIONS, 44)], {}, { outputs: ['f'] });
  };

  /** The same layers in plain TypeScript. */
  function forward(rows: readonly number[][]) {
    const layer = (x: readonly number[], from: number, to: number, seed: number) => {
      const [w, b] = [numbers(from * to, seed), numbers(to, seed + 1)];
      return Array.from({ length: to }, (_, j) => x.reduce((sum, v, i) => sum + v * w[i * to + j], b[j]));
    };
    const h = rows.map((x) => layer(x, 6, 7, 40).map((v) => Math.max(0, v)));
    const t = h.map((x) => layer(x, 7, 6, 42).map(Math.tanh));
    const f = t.map((x) => layer(x, 6, DIMENSIONS, 44));
    return { h, t, f };
  }

  it('has the FDR and ReLUFDR of a plain computation, at every activation and the features', async () => {
    const source = sourceOf([6]);
    const found = await probeLayers(await modelOf(['n', 6], build), source, cpu);
    const { labels, rows } = labelled(6);
    const plain = forward(rows);
    expect(found.layers.map(({ tensor, kind, operator }) => [tensor, kind, operator])).toEqual([
      ['h', 'activation', 'Relu'],
      ['t', 'activation', 'Tanh'],
      ['f', 'features', 'Identity'],
    ]);
    for (const { tensor, dimensions, pool, fdr, reluFdr } of found.layers) {
      const values = plain[tensor as 'h' | 't' | 'f'];
      expect([dimensions, pool]).toEqual([values[0].length, 'none']);
      close(fdr.value, plainFdr(values, labels));
      close(
        reluFdr.value,
        plainFdr(
          values.map((row) => row.map((v) => Math.max(0, v))),
          labels,
        ),
      );
    }
    expect(found).toMatchObject({
      samples: SAMPLES,
      classes: CLASSES,
      passes: 1,
      device: 'cpu',
      skipped: [],
    });
    expect(JSON.parse(JSON.stringify(found))).toEqual(found);
  });

  it('gives the same in any batches, in several passes, and through a fixed batch', async () => {
    const whole = await probeLayers(await modelOf(['n', 6], build), sourceOf([6]), cpu);
    const others = [
      await probeLayers(await modelOf(['n', 6], build), sourceOf([6]), { ...cpu, batch: 7 }),
      await probeLayers(await modelOf(['n', 6], build), sourceOf([6]), { ...cpu, memory: 1 }),
      await probeLayers(await modelOf([8, 6], build), sourceOf([6]), cpu),
      await probeLayers(await modelOf([1, 6], build), sourceOf([6]), cpu),
    ];
    expect(others.map(({ passes }) => passes)).toEqual([1, 3, 1, 1]);
    for (const other of others)
      for (const [i, { fdr, reluFdr }] of other.layers.entries()) {
        close(fdr.value, whole.layers[i].fdr.value!, 1e-5);
        close(reluFdr.value, whole.layers[i].reluFdr.value!, 1e-5);
      }
  });

  it('tells its progress over all passes, and stops when told to', async () => {
    const model = await modelOf(['n', 6], build);
    const reports: Progress[] = [];
    const options: LayerOptions = { ...cpu, batch: 25, memory: 1, onProgress: (one) => reports.push(one) };
    await probeLayers(model, sourceOf([6]), options);
    expect(reports.map(({ done }) => done)).toEqual([0, 25, 50, 60, 85, 110, 120, 145, 170, 180]);
    expect(reports.every(({ total }) => total === 180)).toBe(true);
    const stop = new AbortController();
    await expectRefusal(
      () =>
        probeLayers(model, sourceOf([6]), {
          ...options,
          signal: stop.signal,
          onProgress: ({ done }) => done === 85 && stop.abort('enough'),
        }),
      'ABORTED',
      /Stopped while running the layers on rows: enough/,
    );
  });

  it('is looked at up to a limit, about the centre that is asked for', async () => {
    const model = await modelOf(['n', 6], build);
    const part = await probeLayers(model, sourceOf([6]), { ...cpu, limit: 40, center: 'classes' });
    expect(part.samples).toBe(40);
    const { labels, rows } = labelled(6);
    const { fdr } = part.layers[0];
    expect(fdr.center).toBe('classes');
    close(fdr.byCenter.samples, plainFdr(forward(rows.slice(0, 40)).h, labels.subarray(0, 40)));
  });

  it('shows its linear layers, with their biases, as Figure 6 has them', async () => {
    const found = await probeLayers(await modelOf(['n', 6], build), sourceOf([6]), {
      ...cpu,
      kinds: ['linear', 'activation', 'normalization'],
    });
    expect(found.layers.map(({ kind }) => kind)).toEqual([
      'linear',
      'activation',
      'linear',
      'activation',
      'linear',
      'features',
    ]);
    const [first, relu] = found.layers;
    close(first.reluFdr.value, relu.fdr.value!, 1e-6);
    expect(first.fdr.value).not.toBeCloseTo(first.reluFdr.value!, 3);
  });

  it('shows named tensors, inputs among them, and refuses those that it cannot', async () => {
    const model = await modelOf(['n', 6], build);
    const found = await probeLayers(model, sourceOf([6]), { ...cpu, tensors: ['t', 'x', 't'] });
    expect(found.layers.map(({ tensor, kind, operator }) => [tensor, kind, operator])).toEqual([
      ['t', 'named', 'Tanh'],
      ['x', 'named', 'input'],
    ]);
    const { labels, rows } = labelled(6);
    close(found.layers[1].fdr.value, plainFdr(rows, labels));
    await expectRefusal(
      () => probeLayers(model, sourceOf([6]), { ...cpu, tensors: ['nothing'] }),
      'INVALID_ARGUMENT',
      /the model has no such tensor/,
    );
    await expectRefusal(
      () => probeLayers(model, sourceOf([6]), { ...cpu, tensors: [] }),
      'INVALID_ARGUMENT',
      /no tensors were named/,
    );
  });

  it('needs labels, and options that mean something', async () => {
    const model = await modelOf(['n', 6], build);
    await expectRefusal(
      () => probeLayers(model, rowSource([[1, 2, 3, 4, 5, 6]]), cpu),
      'LABELS_INVALID',
      /the source has no labels/,
    );
    await expectRefusal(
      () => probeLayers(model, sourceOf([6]), { ...cpu, pool: 'max' as 'average' }),
      'INVALID_ARGUMENT',
      /pool is 'max'; allowed are 'average', 'flatten'/,
    );
    await expectRefusal(
      () => probeLayers(model, sourceOf([6]), { ...cpu, kinds: ['relu' as 'linear'] }),
      'INVALID_ARGUMENT',
      /a kind of layers is 'relu'; allowed are 'activation'/,
    );
    await expectRefusal(
      () => probeLayers(model, sourceOf([6]), { ...cpu, batch: 0 }),
      'INVALID_ARGUMENT',
      /batch is 0/,
    );
  });

  it('says where a number is not finite', async () => {
    const model = await modelOf(['n', 6], (g, x) =>
      build(g, g.op('Relu', [g.log(x)], {}, { outputs: ['l'] })),
    );
    const { rows } = labelled(6);
    const positive = rows.map((row) => row.map((v) => 1 + Math.abs(v)));
    positive[33][2] = Number.POSITIVE_INFINITY;
    const source = rowSource(positive, { labels: labelled(6).labels });
    await expectRefusal(
      () => probeLayers(model, source, cpu),
      'NOT_FINITE',
      /up to the layer 'l': the value of sample 33, dimension 2 is Infinity/,
    );
  });
});

/** More than the channels of the convolution, so that these do not depend on each other. */
const COLOURS = 6;

describe('maps and tokens', () => {
  const conv = (g: GraphBuilder, x: Value) => {
    const map = g.op(
      'Conv',
      [x, g.constant(numbers(DIMENSIONS * COLOURS, 60), [DIMENSIONS, COLOURS, 1, 1])],
      {},
      { outputs: ['map'] },
    );
    const bent = g.op('LeakyRelu', [map], {}, { outputs: ['bent'] });
    return g.op('Flatten', [g.op('GlobalAveragePool', [bent])], {}, { outputs: ['f'] });
  };

  /** [n][C][positions] of the convolution. */
  function maps(positions: number) {
    const { labels, rows } = labelled(COLOURS * positions);
    const w = numbers(DIMENSIONS * COLOURS, 60);
    const values = rows.map((row) =>
      Array.from({ length: DIMENSIONS }, (_, c) =>
        Array.from({ length: positions }, (_, p) =>
          [0, 1, 2, 3, 4, 5].reduce((sum, i) => sum + w[c * COLOURS + i] * row[i * positions + p], 0),
        ),
      ),
    );
    return { labels, values };
  }
  const average = (row: number[]) => row.reduce((sum, v) => sum + v, 0) / row.length;
  const relu = (v: number) => Math.max(0, v);

  it('are averaged over positions, behind the ReLU', async () => {
    for (const opset of [13, 18]) {
      const found = await probeLayers(
        await modelOf(['n', COLOURS, 2, 2], conv, opset),
        sourceOf([COLOURS, 2, 2]),
        {
          ...cpu,
          kinds: ['linear', 'activation'],
        },
      );
      const { labels, values } = maps(4);
      const [map, bent, f] = found.layers;
      expect(map).toMatchObject({ dims: [DIMENSIONS, 2, 2], pool: 'average', dimensions: DIMENSIONS });
      close(
        map.fdr.value,
        plainFdr(
          values.map((sample) => sample.map(average)),
          labels,
        ),
      );
      const positive = values.map((sample) => sample.map((row) => average(row.map(relu))));
      close(map.reluFdr.value, plainFdr(positive, labels));
      // relu(leaky(x)) = relu(x), and the features are the mean of the leaky map.
      close(bent.reluFdr.value, map.reluFdr.value!, 1e-5);
      close(bent.fdr.value, f.fdr.value!, 1e-5);
      expect(f).toMatchObject({ dims: [DIMENSIONS], pool: 'none' });
    }
  });

  it('are flattened where that is asked for', async () => {
    const found = await probeLayers(await modelOf(['n', COLOURS, 1, 2], conv), sourceOf([COLOURS, 1, 2]), {
      ...cpu,
      pool: 'flatten',
      tensors: ['map'],
    });
    const { labels, values } = maps(2);
    expect(found.layers[0]).toMatchObject({ pool: 'flatten', dimensions: 2 * DIMENSIONS });
    close(
      found.layers[0].fdr.value,
      plainFdr(
        values.map((sample) => sample.flat()),
        labels,
      ),
    );
  });

  it('are refused above the limit, with the reason; a named one is an error', async () => {
    const side = 32;
    const model = await modelOf(['n', COLOURS, side, side], conv);
    const source = sourceOf([COLOURS, side, side], 8);
    const found = await probeLayers(model, source, { ...cpu, pool: 'flatten' });
    expect(DIMENSIONS * side * side).toBeGreaterThan(LIMITS.layerDimensions.default);
    expect(found.layers.map(({ tensor }) => tensor)).toEqual(['f']);
    expect(found.skipped).toEqual([
      {
        tensor: 'bent',
        reason: expect.stringMatching(/^it has 5120 dimensions .*at most 4096.*use pool 'average'/),
      },
    ]);
    await expectRefusal(
      () => probeLayers(model, source, { ...cpu, pool: 'flatten', tensors: ['map'] }),
      'LIMIT_EXCEEDED',
      /'map' cannot be looked at: it has 5120 dimensions/,
    );
  });

  it('of tokens [N, T, D] and maps [N, H, W, D] keep the last axis', async () => {
    for (const dims of [
      [4, 6],
      [2, 2, 6],
    ]) {
      const axes = dims.map((_, i) => i + 1).slice(0, -1);
      const model = await modelOf(['n', ...dims], (g, x) => {
        const h = g.op('Tanh', [linear(g, x, 6, DIMENSIONS, 44)], {}, { outputs: ['h'] });
        return g.op('ReduceMean', [h], { axes, keepdims: 0 }, { outputs: ['f'] });
      });
      const [h, f] = (await probeLayers(model, sourceOf(dims), cpu)).layers;
      expect(h).toMatchObject({ dims: [...dims.slice(0, -1), DIMENSIONS], dimensions: DIMENSIONS });
      close(h.fdr.value, f.fdr.value!, 1e-5);
    }
  });

  it('without a batch axis are left out', async () => {
    const model = await modelOf(['n', 6], (g, x) => {
      const swapped = g.op('Relu', [g.transpose(x, [1, 0])], {}, { outputs: ['swapped'] });
      return linear(g, g.transpose(swapped, [1, 0]), 6, DIMENSIONS, 44);
    });
    const found = await probeLayers(model, sourceOf([6]), cpu);
    expect(found.layers).toHaveLength(1);
    expect(found.skipped).toEqual([
      { tensor: 'swapped', reason: expect.stringMatching(/shape \[6, 2\] for 2 samples does not begin/) },
    ]);
  });
});

const pictures = join(ROOT, '.cache/cifar-10-batches-bin');
const hasPictures = existsSync(join(pictures, 'test_batch.bin'));
if (!hasPictures)
  console.warn('Skipping the layers of the CIFAR10-LT model: no pictures (node scripts/fetch-cifar10.mjs).');

describe.skipIf(!hasPictures)('the CIFAR10-LT model', () => {
  it('has the FDR that numpy has at each of 19 activations and 21 batch normalisations', async () => {
    const { cifar10 } = JSON.parse(readFileSync(join(ROOT, 'test/fixtures/diagnostics-layers.json'), 'utf8'));
    const model = await openModel(join(ROOT, 'models/cifar10-lt-resnet20-wd.onnx'));
    const source = await cifarSource(pictures, { split: 'test' });
    const found = await probeLayers(model, source, {
      ...cpu,
      limit: cifar10.samples,
      batch: 50,
      kinds: ['activation', 'normalization'],
    });
    expect(found.layers).toHaveLength(19 + 21 + 1);
    for (const [i, wanted] of cifar10.layers.entries()) {
      const { tensor, kind, fdr, reluFdr } = found.layers[i];
      expect([tensor, kind]).toEqual([wanted.tensor, wanted.kind]);
      // The shortcuts widen 16 channels to 32 and 32 to 64: what is beyond is rounding, which a plain solve takes for signal.
      expect(fdr.rank).toBe(wanted.rank);
      // What the first convolution makes of 3 colours hardly leaves 3 directions on average over a picture (the eigenvalues
      // of its correlations go down to 1e-9 of the largest): there the rounding of kernels shows, 1e-5 native and 2e-4 in
      // WebAssembly, which has no fused multiply-add.
      close(fdr.value, wanted.fdr, i === 0 ? 1e-3 : 1e-5);
      close(reluFdr.value, wanted.reluFdr, 1e-5);
    }
    const last = found.layers.at(-1)!;
    expect(last.fdr.value).toBeGreaterThan(10 * found.layers[1].fdr.value!);
  }, 120_000);
});

const data = process.env.TAILOR_DATA;
if (!data) console.warn('Skipping the layers of deployed models: TAILOR_DATA does not say where they are.');

describe.skipIf(!data)('magika', () => {
  it('has tokens of 64 numbers, then channels of 512 positions, then features', async () => {
    const model = await openModel(join(data ?? '', 'models/magika/model.onnx'));
    const source: DataSource = {
      name: 'bytes',
      length: 24,
      labels: Int32Array.from({ length: 24 }, (_, i) => i % 3),
      read: (i) => {
        const bytes = Int32Array.from({ length: 2048 }, (_, j) => (j * (7 + i) * (1 + (i % 3))) % 257);
        return { kind: 'tensor', inputs: { '': { data: bytes, dims: [2048] } } };
      },
    };
    const { layers, skipped } = await probeLayers(model, source, { ...cpu, batch: 8 });
    expect(layers.map(({ operator, dims, dimensions }) => [operator, dims, dimensions])).toEqual([
      ['Gelu', [2048, 64], 64],
      ['Gelu', [512, 508], 512],
      ['Add', [512], 512],
    ]);
    expect(skipped).toEqual([]);
    // 24 samples of 3 classes: no more than 21 directions within classes, and most of what is between is outside of them.
    for (const { fdr } of layers) {
      expect(fdr.rank).toBeLessThanOrEqual(21);
      expect(fdr.outside).toBeGreaterThan(0.1);
    }
  }, 60_000);
});
