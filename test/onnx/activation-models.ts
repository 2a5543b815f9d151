/** Networks with every activation there is, written out or not: x [n, 6] → 5 features → 4 classes. */
import { GraphBuilder, type Value } from '../../src/onnx/build.js';
import { BIAS, CLASSES, DIMENSIONS, INPUTS, numbers, WEIGHT } from './small-heads.js';

/** x·gate(x) as exporters write it; each gives back the tensor that is the activation. */
export const written: Record<string, (g: GraphBuilder, x: Value) => Value> = {
  Silu: (g, x) => g.mul(x, g.op('Sigmoid', [x])),
  'Silu, the gate first': (g, x) => g.mul(g.op('Sigmoid', [x]), x),
  'Silu with a factor inside': (g, x) => g.mul(x, g.op('Sigmoid', [g.mul(x, g.scalar(1.702))])),
  'Gelu by Erf': (g, x) =>
    g.mul(g.mul(x, g.add(g.op('Erf', [g.div(x, g.scalar(Math.SQRT2))]), g.scalar(1))), g.scalar(0.5)),
  'Gelu by Erf, half of x first': (g, x) =>
    g.mul(g.mul(x, g.scalar(0.5)), g.add(g.scalar(1), g.op('Erf', [g.mul(x, g.scalar(Math.SQRT1_2))]))),
  'Gelu by Tanh': (g, x) => {
    const cube = g.mul(x, g.mul(x, g.mul(g.scalar(0.044715), x)));
    const tanh = g.op('Tanh', [g.mul(g.scalar(0.7978846), g.add(x, cube))]);
    return g.mul(x, g.mul(g.scalar(0.5), g.add(g.scalar(1), tanh)));
  },
  'Gelu by Tanh and Pow': (g, x) => {
    const cube = g.mul(g.op('Pow', [x, g.scalar(3)]), g.scalar(0.044715));
    const tanh = g.op('Tanh', [g.mul(g.add(x, cube), g.scalar(0.7978846))]);
    return g.mul(g.mul(g.scalar(0.5), x), g.add(tanh, g.scalar(1)));
  },
  'HardSwish by HardSigmoid': (g, x) => g.mul(x, g.op('HardSigmoid', [x], { alpha: { float: 1 / 6 } })),
  'HardSwish by Clip': (g, x) =>
    g.div(g.mul(x, g.op('Clip', [g.add(x, g.scalar(3)), g.scalar(0), g.scalar(6)])), g.scalar(6)),
  Mish: (g, x) => g.mul(x, g.op('Tanh', [g.op('Softplus', [x])])),
};

/** What each is called. */
export const kindOf = (name: string): string => name.split(/[ ,]/)[0];

/** A linear layer of stored numbers. */
export function linear(g: GraphBuilder, x: Value, from: number, to: number, seed: number): Value {
  const product = g.matMul(x, g.constant(numbers(from * to, seed), [from, to]));
  return g.add(product, g.constant(numbers(to, seed + 1), [to]));
}

/** Ends a network: features → logits `y`. */
export function head(g: GraphBuilder, features: Value): void {
  const logits = g.gemm(features, g.constant(WEIGHT, [CLASSES, DIMENSIONS]), g.constant(BIAS, [CLASSES]), {
    transB: 1,
  });
  g.output(logits, 'y', 'float32', ['n', CLASSES]);
}

/** An input x [n, 6]. */
export const input = (g: GraphBuilder): Value => g.input('x', 'float32', ['n', INPUTS]);

/** x → hidden 8 → `activate` → 5 features → head; tells the tensor that the activation ends in. */
export function networkWith(activate: (g: GraphBuilder, x: Value) => Value): {
  g: GraphBuilder;
  tensor: Value;
} {
  const g = new GraphBuilder();
  const tensor = activate(g, linear(g, input(g), INPUTS, 8, 40));
  head(g, linear(g, tensor, 8, DIMENSIONS, 42));
  return { g, tensor };
}

/** Pictures x [n, 3, 4, 4] → Conv, BatchNormalization, Relu, Conv, HardSwish, pooled → head. Fused by onnxruntime. */
export function convolutional({ irVersion = 8, opset = 17 } = {}): Uint8Array<ArrayBuffer> {
  const g = new GraphBuilder();
  const x = g.input('x', 'float32', ['n', 3, 4, 4]);
  const channels = (values: Float32Array) => g.constant(values, [values.length]);
  const conv = (from: Value, inC: number, outC: number, seed: number) =>
    g.op('Conv', [from, g.constant(numbers(outC * inC * 9, seed), [outC, inC, 3, 3])], {
      pads: [1, 1, 1, 1],
    });
  const normal = (from: Value, width: number, seed: number) =>
    g.op('BatchNormalization', [
      from,
      channels(numbers(width, seed)),
      channels(numbers(width, seed + 1)),
      channels(numbers(width, seed + 2)),
      channels(numbers(width, seed + 3).map((v) => 1 + v * v)),
    ]);
  const first = g.op('Relu', [normal(conv(x, 3, 6, 50), 6, 52)], {}, { outputs: ['first'] });
  const second = g.op('Clip', [normal(conv(first, 6, 5, 60), 5, 62), g.scalar(0), g.scalar(6)]);
  const pooled = g.op('Flatten', [g.op('GlobalAveragePool', [second])]);
  head(g, pooled);
  if (irVersion < 4)
    for (const tensor of g.graph().initializer) g.input(tensor.name, 'float32', tensor.dims.map(Number));
  return g.build({ opset, irVersion });
}
