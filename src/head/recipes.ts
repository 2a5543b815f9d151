/** The methods of `fit`, each with the settings that it was published with. */
import type { SgdOptions } from './fit-options.js';

/** Names of the methods of `fit`. */
export const FIT_METHODS = ['linear', 'wb', 'wb-norm', 'etf', 'ncm', 'lws', 'tau-norm'] as const;

/** A method of `fit`. */
export type FitMethod = (typeof FIT_METHODS)[number];

/** How the objective is made small; the first two are stochastic. */
export type Solver = 'sgd' | 'adamw' | 'lbfgs';

/** What a method is made of. */
export interface Recipe {
  /** One sentence for help texts. */
  readonly summary: string;
  /** Where it and its defaults come from. */
  readonly source: string;
  /** Whether it needs a head to start from or to change. */
  readonly needsInit: boolean;
  /** Solvers that it knows, the default first; none where the answer is a formula. */
  readonly solvers: readonly Solver[];
  /** Defaults that differ from those of the solver. */
  readonly defaults: Omit<SgdOptions, 'solver' | 'order'>;
}

/** Stage 2 of weight balancing as its authors' code has it (Alshammari et al. 2022). */
const STAGE_2 = {
  loss: 'cb',
  beta: 0.9999,
  learningRate: 0.01,
  momentum: 0.9,
  weightDecay: 0.1,
  decayBias: true,
  epochs: 10,
  batch: 64,
  schedule: 'cosine-published',
} as const satisfies SgdOptions;

/** What each method is made of. */
export const RECIPES: Readonly<Record<FitMethod, Recipe>> = {
  linear: {
    summary: 'a linear classifier, to the minimum of loss and decay',
    source: 'multinomial logistic regression; λ = 1e-4 on the weight alone is ours',
    needsInit: false,
    solvers: ['lbfgs', 'sgd', 'adamw'],
    defaults: { loss: 'ce', weightDecay: 1e-4, decayBias: false },
  },
  wb: {
    summary:
      'weight balancing, stage 2: class-balanced loss, weight decay and MaxNorm, from the head of stage 1',
    source: 'Alshammari et al. 2022, published code; Hasegawa & Sato 2024',
    needsInit: true,
    solvers: ['sgd', 'adamw'],
    defaults: { ...STAGE_2, maxNorm: { relative: 0.1 }, maxNormEvery: 'epoch' },
  },
  'wb-norm': {
    summary: 'as wb, but the rows of the start are normalised once instead of MaxNorm',
    source: 'Hasegawa & Sato 2024, appendix A.5.4',
    needsInit: true,
    solvers: ['sgd', 'adamw'],
    defaults: STAGE_2,
  },
  etf: {
    summary: 'a fixed simplex ETF, turned to the class means, with a fitted scale',
    source: 'Yang et al. 2022; rotation and scale are ours',
    needsInit: false,
    solvers: [],
    defaults: {},
  },
  ncm: {
    summary: 'nearest class mean, written as a linear head',
    source: 'Kang et al. 2020, section 4.2',
    needsInit: false,
    solvers: [],
    defaults: {},
  },
  lws: {
    summary: 'one learnable scale per class on the rows of a head',
    source: 'Kang et al. 2020, section 4.4',
    needsInit: true,
    solvers: ['lbfgs'],
    defaults: { loss: 'cb', beta: 1 },
  },
  'tau-norm': {
    summary: 'the rows of a head divided by a power of their norms',
    source: 'Kang et al. 2020, section 4.3; τ = 1 normalises them',
    needsInit: true,
    solvers: [],
    defaults: {},
  },
};
