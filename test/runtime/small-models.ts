/** Models of one or two nodes for the tests of sessions. */
import { GraphBuilder } from '../../src/onnx/build.js';

/** y = max(x, 0). */
export function reluModel(type: 'float32' | 'float64'): Uint8Array {
  const g = new GraphBuilder();
  g.output(g.relu(g.input('x', type, ['n'])), 'y', type, ['n']);
  return g.build();
}

/** y = 2x, z = −x. */
export function twoOutputModel(): Uint8Array {
  const g = new GraphBuilder();
  const x = g.input('x', 'float32', ['batch', 3]);
  g.output(g.add(x, x), 'y', 'float32', ['batch', 3]);
  g.output(g.op('Neg', [x]), 'z', 'float32', ['batch', 3]);
  return g.build();
}

/** Takes an even number of numbers only, which shows when it runs. */
export function failingModel(): Uint8Array {
  const g = new GraphBuilder();
  g.output(g.reshape(g.input('x', 'float32', ['n']), 2, -1), 'y', 'float32', [2, 'm']);
  return g.build();
}
