/** Steps of SGD and AdamW as nodes of a graph, as torch.optim takes them. */
import type { GraphBuilder, Value } from '../onnx/build.js';
import type { EpochGraphOptions } from './epoch-options.js';

/** A step of a training. */
export interface Step {
  readonly b: GraphBuilder;
  readonly options: EpochGraphOptions;
  readonly state: ReadonlyMap<string, Value>;
  /** Learning rate, [1, 1] or [K·C, 1]. */
  readonly rate: Value;
  readonly corrections: Value | undefined;
}

/** The next value of a parameter and of its moments. The gradient of the loss is dz · x. */
export function update(
  { b, options, state, rate, corrections }: Step,
  name: 'weight' | 'bias',
  decayName: string,
  dz: Value,
  x: Value,
): Value[] {
  const { type, solver, decay } = options;
  const number = (value: number) => b.scalar(value, type);
  const value = state.get(name)!;
  const moment = (of: string) => state.get(`${of}.${name}`)!;
  const decayed = (slope: Value) => (decay === 'coupled' ? b.add(slope, b.mul(value, decayName)) : slope);
  const kept = decay === 'decoupled' ? b.mul(value, b.sub(number(1), b.mul(rate, decayName))) : value;

  if (solver.name === 'sgd') {
    const { momentum, nesterov } = solver;
    if (momentum === 0) return [b.sub(kept, b.mul(decayed(b.gemm(dz, x)), rate))];
    if (!nesterov) {
      const velocity = decayed(accumulate(b, type, dz, x, moment('velocity'), momentum));
      return [b.sub(kept, b.mul(velocity, rate)), velocity];
    }
    const slope = decayed(b.gemm(dz, x));
    const velocity = b.add(b.mul(moment('velocity'), number(momentum)), slope);
    const ahead = b.add(slope, b.mul(velocity, number(momentum)));
    return [b.sub(kept, b.mul(ahead, rate)), velocity];
  }

  const { beta1, beta2, epsilon } = solver;
  const slope = decayed(b.gemm(dz, x));
  const mean = b.add(b.mul(moment('mean'), number(beta1)), b.mul(slope, number(1 - beta1)));
  const square = b.add(b.mul(moment('square'), number(beta2)), b.mul(b.mul(slope, slope), number(1 - beta2)));
  const [first, second] = b.ops('Split', [corrections!], { axis: 0 }, { count: 2 });
  const root = b.add(b.mul(b.sqrt(square), second), number(epsilon));
  return [b.sub(kept, b.mul(b.div(mean, root), b.mul(rate, first))), mean, square];
}

/** dz·x + momentum·velocity, in one product where that is exact: Gemm's beta is a float32 whatever the type. */
function accumulate(
  b: GraphBuilder,
  type: EpochGraphOptions['type'],
  dz: Value,
  x: Value,
  velocity: Value,
  momentum: number,
): Value {
  if (type === 'float32') return b.gemm(dz, x, velocity, { beta: momentum });
  return b.add(b.gemm(dz, x), b.mul(velocity, b.scalar(momentum, type)));
}
