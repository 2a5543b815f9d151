/** What a graph of training is built for, and the names of its state. */

/** What is built into a graph; all else is fed. */
export interface EpochGraphOptions {
  /** Number type of features, heads and every step between. */
  readonly type: 'float32' | 'float64';
  /** C, D, and K: the number of heads. */
  readonly classes: number;
  readonly dimensions: number;
  readonly heads: number;
  /** Samples per step; a smaller batch is filled up with samples of share 0. */
  readonly batch: number;
  readonly loss: 'cross-entropy' | 'dot-regression';
  /** ε of cross-entropy's targets (1−ε)·one-hot + ε/C. */
  readonly labelSmoothing: number;
  /** Whether something is added to the logits (balanced-softmax). */
  readonly offsets: boolean;
  readonly solver: SolverOptions;
  /** Whether each step has a learning rate of its own; else it is that of the epoch. */
  readonly ratesPerStep: boolean;
  /** Whether an epoch is run in several pieces, each on features of its own (epoch-graph.ts). Default false. */
  readonly pieces?: boolean;
  /** λ: not at all, as λθ in the gradient, or as θ ← (1 − lr·λ) θ before the step. */
  readonly decay: 'none' | 'coupled' | 'decoupled';
  /** Whether rows of the weight are projected into their balls, and when. */
  readonly maxNorm: 'none' | 'epoch' | 'step';
}

/** PyTorch's torch.optim.SGD or AdamW. */
export type SolverOptions =
  | { readonly name: 'sgd'; readonly momentum: number; readonly nesterov: boolean }
  | { readonly name: 'adamw'; readonly beta1: number; readonly beta2: number; readonly epsilon: number };

/** Moments that a solver keeps for each parameter. */
function momentsOf(solver: SolverOptions): readonly string[] {
  if (solver.name === 'adamw') return ['mean', 'square'];
  return solver.momentum > 0 ? ['velocity'] : [];
}

/** Names of the state: `weight`, `bias`, and both for each moment. */
export function stateNames(solver: SolverOptions): string[] {
  return ['weight', 'bias', ...momentsOf(solver).flatMap((name) => [`${name}.weight`, `${name}.bias`])];
}

/** The bias and its moments. */
export function biasNames(solver: SolverOptions): string[] {
  return stateNames(solver).filter((name) => !isWeight(name));
}

/** Whether a part of the state has the shape of the weight, or that of the bias. */
export function isWeight(stateName: string): boolean {
  return stateName.endsWith('weight');
}
