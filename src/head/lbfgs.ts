/**
 * Limited-memory BFGS (Nocedal & Wright 2006, algorithm 7.5) with a line search for the Wolfe conditions (the weak ones,
 * which let a step go too far if the function is lower there: a tenth fewer evaluations than with the strong). The
 * function is asked for asynchronously and comes with its gradient. Where rounding hides the decrease of the
 * function, the search goes by slopes alone (the 'approximate Wolfe' conditions of Hager & Zhang 2005), so that the
 * gradient can become small although the function no longer changes.
 */

/** A function at a point. */
export interface Evaluation {
  readonly value: number;
  /** [n]. */
  readonly gradient: Float64Array;
  /** What the tolerance is held against; any measure that is 0 where the gradient is. */
  readonly residual: number;
}

/** The function: called with a point that must not be written to or kept. */
export type Evaluate = (point: Float64Array) => Promise<Evaluation>;

/** Options of `minimize`. */
export interface MinimizeOptions {
  /** Stops when the residual is at most this; a function is asked before each step. */
  readonly tolerance: number | (() => number);
  /** Steps at most. */
  readonly maxIterations: number;
  /** Rounding error of values, relative: decreases below it are not believed. Default 1e−13. */
  readonly noise?: number;
  /** Pairs of steps and gradient changes that are used, and added to; default an empty list. */
  readonly memory?: CurvaturePair[];
  /** Pairs that are kept. Default 10. */
  readonly keep?: number;
  /**
   * Evaluations along one line, default 20. A line without a better point is given up; with pairs in the memory these
   * are then forgotten and the search begins anew, unless `restart` is false, which keeps them for whoever goes on.
   */
  readonly trials?: number;
  /** Default true. */
  readonly restart?: boolean;
  /** Steps without a new low of the residual (a tenth less), after which it counts as stalled. Default: any number. */
  readonly patience?: number;
  /** Called after each step; may throw to stop. */
  readonly onIteration?: (iteration: number, evaluation: Evaluation) => void;
}

/** A step s with the change of the gradient y along it: sᵀy > 0. */
export interface CurvaturePair {
  readonly step: Float64Array;
  readonly change: Float64Array;
  readonly product: number;
}

/** Where a minimisation ended. */
export interface Minimum extends Evaluation {
  readonly point: Float64Array;
  readonly iterations: number;
  readonly evaluations: number;
  /** `stalled`: no step along the last direction makes the function or its slope smaller, in its number type. */
  readonly status: 'converged' | 'max-iterations' | 'stalled';
}

/** Sufficient decrease and curvature of the Wolfe conditions. */
const DECREASE = 1e-4;
const CURVATURE = 0.9;

/** Minimises a function from `start`, which is left as it is. The first step tried is −gradient: scale the function. */
export async function minimize(
  evaluate: Evaluate,
  start: Float64Array,
  options: MinimizeOptions,
): Promise<Minimum> {
  const { tolerance, maxIterations, noise = 1e-13, memory = [], keep = 10 } = options;
  const { trials = 20, restart = true, patience = Infinity, onIteration } = options;
  let point: Float64Array = start.slice();
  let now = await evaluate(point);
  let evaluations = 1;
  let iterations = 0;
  let low = { residual: now.residual, iteration: 0 };
  const allowed = typeof tolerance === 'function' ? tolerance : () => tolerance;
  const end = (status: Minimum['status']): Minimum => ({ ...now, point, iterations, evaluations, status });

  while (!(now.residual <= allowed())) {
    if (!Number.isFinite(now.value)) return end('stalled');
    if (iterations >= maxIterations) return end('max-iterations');
    if (now.residual < 0.9 * low.residual) low = { residual: now.residual, iteration: iterations };
    if (iterations - low.iteration > patience) return end('stalled');
    let direction = descent(now.gradient, memory);
    let slope = dot(direction, now.gradient);
    if (!(slope < 0)) {
      // Only rounding makes an uphill direction of pairs that all have sᵀy > 0.
      memory.length = 0;
      direction = descent(now.gradient, memory);
      slope = dot(direction, now.gradient);
    }
    const found = await searchLine(evaluate, { point, now, direction, slope, noise, trials });
    evaluations += found.trials;
    if (!found.next) {
      if (memory.length === 0 || !restart) return end('stalled');
      memory.length = 0;
      continue;
    }
    const change = combine(found.next.gradient, -1, now.gradient);
    const step = combine(found.point, -1, point);
    const product = dot(step, change);
    if (product > 0) memory.push({ step, change, product });
    if (memory.length > keep) memory.shift();
    point = found.point;
    now = found.next;
    iterations++;
    onIteration?.(iterations, now);
  }
  return end('converged');
}

/** −H g with the inverse Hessian H that the pairs stand for; the newest pair scales it. */
function descent(gradient: Float64Array, memory: readonly CurvaturePair[]): Float64Array {
  const direction = combine(new Float64Array(gradient.length), -1, gradient);
  const weights: number[] = [];
  for (const { step, change, product } of memory.toReversed()) {
    const weight = dot(step, direction) / product;
    addScaled(direction, -weight, change);
    weights.push(weight);
  }
  const newest = memory.at(-1);
  if (newest) {
    const scale = newest.product / dot(newest.change, newest.change);
    for (let i = 0; i < direction.length; i++) direction[i] *= scale;
  }
  for (const { step, change, product } of memory) {
    addScaled(direction, weights.pop()! - dot(change, direction) / product, step);
  }
  return direction;
}

interface Line {
  readonly point: Float64Array;
  readonly now: Evaluation;
  readonly direction: Float64Array;
  /** Of the function along the direction at its start, below 0. */
  readonly slope: number;
  readonly noise: number;
  /** At most. */
  readonly trials: number;
}

interface LineEnd {
  readonly length: number;
  readonly point: Float64Array;
  /** Absent when no acceptable point was found. */
  readonly next?: Evaluation;
  readonly trials: number;
}

/**
 * Brackets by value and slope, starting with length 1; inside a bracket the secant of the slopes, which on a parabola
 * is exact, kept off the ends.
 */
async function searchLine(
  evaluate: Evaluate,
  { point, now, direction, slope, noise, trials: most }: Line,
): Promise<LineEnd> {
  let low = { length: 0, slope };
  let high: { length: number; slope: number } | undefined;
  let length = 1;
  const slack = noise * Math.abs(now.value);
  for (let trials = 1; trials <= most; trials++) {
    const at = combine(point, length, direction);
    const next = await evaluate(at);
    const steepness = dot(direction, next.gradient);
    const rise = next.value - now.value;
    const lower =
      rise <= DECREASE * length * slope || (rise <= slack && steepness <= (2 * DECREASE - 1) * slope);
    const known = Number.isFinite(next.value) && Number.isFinite(steepness);
    if (known && lower && steepness >= CURVATURE * slope) {
      return { length, point: at, next, trials };
    }
    if (known && lower && steepness < 0) low = { length, slope: steepness };
    else high = { length, slope: known ? steepness : Number.NaN };
    length = high ? between(low, high) : beyond(low, slope);
  }
  return { length, point, trials: most };
}

type Mark = { readonly length: number; readonly slope: number };

function between(low: Mark, high: Mark): number {
  const width = high.length - low.length;
  // An end with a negative slope or none says nothing about where the minimum lies.
  const share = high.slope > 0 ? low.slope / (low.slope - high.slope) : 0.5;
  return low.length + Math.min(Math.max(share, 0.1), 0.9) * width;
}

/** Further out, where the slopes at 0 and at `low` point to, 2 to 10 times as far. */
function beyond(low: Mark, slope: number): number {
  const factor = slope < low.slope ? slope / (slope - low.slope) : 10;
  return low.length * Math.min(Math.max(factor, 2), 10);
}

function dot(a: Float64Array, b: Float64Array): number {
  // Two sums: one alone waits for each addition before the next.
  let even = 0;
  let odd = 0;
  const pairs = a.length & ~1;
  for (let i = 0; i < pairs; i += 2) {
    even += a[i] * b[i];
    odd += a[i + 1] * b[i + 1];
  }
  return pairs < a.length ? even + odd + a[pairs] * b[pairs] : even + odd;
}

/** a + factor·b. */
function combine(a: Float64Array, factor: number, b: Float64Array): Float64Array {
  const sum = new Float64Array(a.length);
  for (let i = 0; i < a.length; i++) sum[i] = a[i] + factor * b[i];
  return sum;
}

function addScaled(target: Float64Array, factor: number, other: Float64Array): void {
  for (let i = 0; i < target.length; i++) target[i] += factor * other[i];
}
