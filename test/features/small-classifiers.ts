/** Small classifiers and data sources for the tests of extraction. All heads are 3 × 2 or 3 × 4 and easy to do by hand. */
import type { NumericArray } from '../../src/array/npy.js';
import type { DataSource, Picture } from '../../src/data/sample.js';
import { GraphBuilder } from '../../src/onnx/build.js';
import type { ElementType } from '../../src/onnx/protos.js';

export const WEIGHT = Float32Array.of(1, 0, 0, 1, -1, 2);
export const BIAS = Float32Array.of(0.5, 0, -0.5);

/** x [batch, 2] → features 2x → logits; `batch` a number for a fixed batch size. */
export function vectorClassifier({
  batch = 'batch' as number | string,
  type = 'float32' as ElementType,
  metadata = {} as Record<string, string>,
} = {}): Uint8Array<ArrayBuffer> {
  const g = new GraphBuilder();
  let x = g.input('x', type, [batch, 2]);
  const half = type === 'float16' ? 'float16' : 'float32';
  if (type !== half) x = g.op('Cast', [x], { to: 1 });
  const features = g.mul(x, g.scalar(2, half));
  const head = [g.constant(WEIGHT, [3, 2], { type: half }), g.constant(BIAS, [3], { type: half })] as const;
  g.output(g.gemm(features, ...head, { transB: 1 }), 'logits', half, [batch, 3]);
  return g.build({ metadata });
}

/** What vectorClassifier computes for one x. */
export function expected(x: readonly [number, number]): { features: number[]; logits: number[] } {
  const features = x.map((value) => 2 * value);
  const logits = Array.from(
    BIAS,
    (bias, k) => WEIGHT[2 * k] * features[0] + WEIGHT[2 * k + 1] * features[1] + bias,
  );
  return { features, logits };
}

/** a [batch, 1] and b [batch, 1] (int32) → features [a, b] → softmax. */
export function twoInputClassifier(): Uint8Array<ArrayBuffer> {
  const g = new GraphBuilder();
  const a = g.input('a', 'float32', ['batch', 1]);
  const b = g.op('Cast', [g.input('b', 'int32', ['batch', 1])], { to: 1 });
  const features = g.op('Concat', [a, b], { axis: 1 });
  const logits = g.gemm(features, g.constant(WEIGHT, [3, 2]), g.constant(BIAS, [3]), { transB: 1 });
  g.output(g.softmax(logits), 'p', 'float32', ['batch', 3]);
  return g.build();
}

/** Pictures → mean of each channel → 1×1 head. `layout` NHWC transposes first. */
export function pictureClassifier({
  layout = 'NCHW' as 'NCHW' | 'NHWC',
  type = 'float32' as 'float32' | 'uint8',
  size = 2 as number | string,
  metadata = {} as Record<string, string>,
} = {}): Uint8Array<ArrayBuffer> {
  const g = new GraphBuilder();
  const dims = layout === 'NCHW' ? ['n', 3, size, size] : ['n', size, size, 3];
  let x = g.input('image', type, dims);
  if (type === 'uint8') x = g.op('Cast', [x], { to: 1 });
  if (layout === 'NHWC') x = g.transpose(x, [0, 3, 1, 2]);
  const pooled = g.op('Flatten', [g.op('GlobalAveragePool', [x])], { axis: 1 });
  const weight = Float32Array.of(1, 0, 0, 0, 1, 0, 0, 0, 1);
  g.output(
    g.gemm(pooled, g.constant(weight, [3, 3]), g.constant(BIAS, [3]), { transB: 1 }),
    'logits',
    'float32',
    ['n', 3],
  );
  return g.build({ metadata });
}

/** Rows of numbers as a source for a model with one input. */
export function rowSource(
  rows: readonly (readonly number[])[],
  extra: Partial<DataSource> & { make?: (row: readonly number[]) => NumericArray } = {},
): DataSource {
  const { make = (row) => Float32Array.from(row), ...rest } = extra;
  return {
    name: 'rows',
    length: rows.length,
    read: (index) => ({
      kind: 'tensor',
      inputs: { '': { data: make(rows[index]), dims: [rows[index].length] } },
    }),
    ...rest,
  };
}

/** A source of pictures of one colour each. */
export function colourSource(
  colours: readonly (readonly number[])[],
  { width = 2, height = 2, fromFile = false, ...rest }: Partial<DataSource & Picture> = {},
): DataSource {
  return {
    name: 'colours',
    length: colours.length,
    read: (index) => {
      const pixel = colours[index];
      const data = Uint8Array.from(
        { length: width * height * pixel.length },
        (_, i) => pixel[i % pixel.length],
      );
      const channels = pixel.length as 1 | 3;
      return { kind: 'picture', picture: { width, height, channels, data, fromFile } };
    },
    ...(rest.labels ? { labels: rest.labels } : {}),
    ...(rest.classes ? { classes: rest.classes } : {}),
  };
}
