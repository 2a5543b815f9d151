/** Steps of SGD and AdamW as nodes of a graph, as torch.optim takes them. */
import type { GraphBuilder, Value } from '../onnx/build.js';
import type { EpochGraphOptions } from './epoch-options.js';

/** A step of a training. */
export interface Step {
  readonly b: GraphBuilder;
  readonly options: EpochGraphOptions;
  readonly state: ReadonlyMap<string, Value>;
  /** Rate and decays (epoch-rates.ts), [1, 1] or [K·C, 1]. */
  readonly coefficients: ReadonlyMap<string, Value>;
  /** Whether dz and the velocities are times the rate already. */
  readonly carriesRate: boolean;
  readonly corrections: Value | undefined;
}

/** The next value of a parameter and of its moments. The gradient of the loss is dz · x. */
export function update(step: Step, name: 'weight' | 'bias', dz: Value, x: Value): Value[] {
  const { b, options, state, coefficients, carriesRate, corrections } = step;
  const { type, solver, decay } = options;
  const number = (value: number) => b.scalar(value, type);
  const value = state.get(name)!;
  const moment = (of: string) => state.get(`${of}.${name}`)!;
  const rate = coefficients.get('rate')!;
  const factor = coefficients.get(name === 'weight' ? 'decayWeight' : 'decayBias')!;
  const decayed = (slope: Value) => (decay === 'coupled' ? b.add(slope, b.mul(value, factor)) : slope);
  const kept = decay === 'decoupled' ? b.mul(value, factor) : value;

  if (solver.name === 'sgd') {
    const { momentum, nesterov } = solver;
    const stepped = (slope: Value) => b.sub(kept, carriesRate ? slope : b.mul(slope, rate));
    if (momentum === 0) return [stepped(decayed(b.gemm(dz, x)))];
    if (!nesterov) {
      const velocity = decayed(accumulate(b, type, dz, x, moment('velocity'), momentum));
      return [stepped(velocity), velocity];
    }
    const slope = decayed(b.gemm(dz, x));
    const velocity = b.add(b.mul(moment('velocity'), number(momentum)), slope);
    const ahead = b.add(slope, b.mul(velocity, number(momentum)));
    return [stepped(ahead), velocity];
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
