/** The heads that `select` chooses among, and how their answers on validation are got. */
import { TailorError } from '../array/errors.js';
import { headShape, type LinearHead, rowNorms } from '../array/linear-head.js';
import { assertFiniteRows, denseData, type FloatArray, type Matrix } from '../array/matrix.js';
import { listNames } from '../array/text.js';
import { argmaxRows } from '../evaluation/argmax.js';
import { type AdjustContext, type Adjustment, adjustmentTransform } from './adjust.js';
import { type ClassTransform, foldTransform } from './class-transform.js';
import { predictTransformed } from './predict-transformed.js';

/** Parameters of a method as they are reported: `{ tau: 1 }`, `{ gamma: 0.5, convention: 'paper' }`. */
export type MethodParameters = Readonly<Record<string, number | string>>;

/** A head made elsewhere (a fitted one) that competes with the adjustments. It must not have been fitted on validation. */
export interface ExtraCandidate<T extends FloatArray = FloatArray> {
  /** What it is called in tables and in the metadata of the result. */
  readonly method: string;
  /** Default none. */
  readonly parameters?: MethodParameters;
  /** The head that is written when this candidate is chosen; of the same shape as the original. */
  readonly head: LinearHead<T>;
  /**
   * Logits of this head on the validation samples, [N, C]; called once, and the result is not kept. What it throws ends the
   * selection; NOT_FINITE where a logit is not.
   */
  logits(): Matrix | Promise<Matrix>;
  /** Breaks ties between candidates that change equally much: lower first. Default 0. */
  readonly strength?: number;
}

/** A candidate of either kind. */
export interface Candidate<T extends FloatArray = FloatArray> {
  readonly method: string;
  readonly parameters: MethodParameters;
  readonly strength: number;
  /** Candidates of one family differ in the numeric parameters only. */
  readonly family: string;
  /** The predictions on validation, [N]. */
  predict(): Promise<Int32Array>;
  /** The head to be written. HEAD_OVERFLOW when it does not fit the number type. */
  head(): LinearHead<T>;
}

/** Methods with a grid. */
export type GridMethod = 'additive' | 'multiplicative' | 'tau-norm';

/** Parameter values per method: τ of additive, γ of multiplicative (both conventions), τ of tau-norm. */
export type Grids = Readonly<Record<GridMethod, readonly number[]>>;

/**
 * 0 … 2 in steps of 0.05: the published γ reach 1.6 (Hasegawa & Sato 2024). 0 is left out where it is the original head, which always
 * is a candidate; multiplicative in the convention of the paper normalises the rows at 0 too.
 */
export const DEFAULT_GRID: readonly number[] = Array.from({ length: 41 }, (_, i) => i / 20);

/** All points of the grids as adjustments, in the order of `methods`. INVALID_ARGUMENT for an unknown method. */
export function gridAdjustments(
  methods: readonly GridMethod[],
  grids: Partial<Grids>,
  conventions: readonly ('published-code' | 'paper')[],
): Adjustment[] {
  return methods.flatMap((method): Adjustment[] => {
    const grid = grids[method] ?? DEFAULT_GRID;
    const changing = grid.filter((value) => value !== 0);
    switch (method) {
      case 'additive':
      case 'tau-norm':
        return changing.map((tau) => ({ method, tau }));
      case 'multiplicative':
        return conventions.flatMap((convention) =>
          (convention === 'paper' ? grid : changing).map((gamma) => ({ method, gamma, convention })),
        );
      default:
        throw new TailorError(
          'INVALID_ARGUMENT',
          `Choosing a head: there is no method '${method as string}' to search; allowed are additive, multiplicative, tau-norm.`,
        );
    }
  });
}

/**
 * A candidate for each adjustment; those that do not fit the number type of the head, or a model that ends at
 * `largestNumber`, are not made: `left` has a sentence for each family of them.
 */
export function adjustmentCandidates<T extends FloatArray>(
  head: LinearHead<T>,
  logits: Matrix,
  adjustments: readonly Adjustment[],
  context: AdjustContext,
  largestNumber = Number.POSITIVE_INFINITY,
): { candidates: Candidate<T>[]; left: string[] } {
  const norms = rowNorms(head);
  const largest = largestWeights(head);
  const bias = denseData(head.bias);
  const left = new Map<string, number[]>();
  const candidates = adjustments.flatMap((adjustment): Candidate<T>[] => {
    const { method, ...parameters } = adjustment;
    const convention = 'convention' in adjustment ? adjustment.convention : undefined;
    const family = convention ? `${method}, ${convention}` : method;
    const value = Object.values(parameters).find((parameter) => typeof parameter === 'number') ?? 0;
    const transform = finiteTransform(head, { ...adjustment, ...context }, norms);
    // The original head is in the model as it is, whatever its numbers are.
    if (!transform || (method !== 'none' && !fits(transform, largest, bias, largestNumber))) {
      left.set(family, [...(left.get(family) ?? []), value]);
      return [];
    }
    return [
      {
        method,
        parameters,
        strength: Math.abs(value),
        family,
        predict: async () => predictTransformed(logits, transform, bias),
        head: () => foldTransform(head, transform),
      },
    ];
  });
  const sentences = Array.from(
    left,
    ([family, values]) => `${family} at ${listNames(values)}: ${TOO_LARGE}.`,
  );
  return { candidates, left: sentences };
}

/** Undefined where the transform itself is not finite. */
function finiteTransform(
  head: LinearHead,
  options: Adjustment & AdjustContext,
  norms: Float64Array,
): ClassTransform | undefined {
  try {
    return adjustmentTransform(head, options, norms);
  } catch (error) {
    if (error instanceof TailorError && error.code === 'HEAD_OVERFLOW') return undefined;
    throw error;
  }
}

/** Why a candidate is left out. */
export const TOO_LARGE = "the new head would not fit the number type of the model's";

/** Whether no number of a head is beyond `largestNumber`. */
export function isWithin({ weight, bias }: LinearHead, largestNumber = Number.POSITIVE_INFINITY): boolean {
  const within = (value: number) => Math.abs(value) <= largestNumber;
  return denseData(weight).every(within) && denseData(bias).every(within);
}

/** Wraps a head made elsewhere; its logits are checked when they come. */
export function extraCandidate<T extends FloatArray>(
  extra: ExtraCandidate<T>,
  original: LinearHead<T>,
  samples: number,
): Candidate<T> {
  const [classes, dimensions] = headShape(original);
  const [rows, columns] = headShape(extra.head);
  const doing = `Choosing a head (candidate ${extra.method})`;
  if (rows !== classes || columns !== dimensions) {
    throw new TailorError(
      'SHAPE_MISMATCH',
      `${doing}: its head is ${rows} classes × ${columns} dimensions, the original ${classes} × ${dimensions}; they must be the same.`,
    );
  }
  return {
    method: extra.method,
    parameters: extra.parameters ?? {},
    strength: extra.strength ?? 0,
    family: extra.method,
    head: () => extra.head,
    async predict() {
      const logits = await extra.logits();
      if (logits.shape[0] !== samples || logits.shape[1] !== classes) {
        throw new TailorError(
          'SHAPE_MISMATCH',
          `${doing}: its logits are ${logits.shape.join(' × ')}, but validation is ${samples} samples × ${classes} classes.`,
        );
      }
      assertFiniteRows(logits, doing, 'logit', 'class');
      return argmaxRows(logits);
    },
  };
}

function largestWeights(head: LinearHead): Float64Array {
  const [classes, dimensions] = headShape(head);
  const weight = denseData(head.weight);
  const largest = new Float64Array(classes);
  for (let k = 0; k < classes; k++) {
    for (let at = k * dimensions; at < (k + 1) * dimensions; at++) {
      largest[k] = Math.max(largest[k], Math.abs(weight[at]));
    }
  }
  return largest;
}

/** Whether the folded head would be finite in the type of `bias`, not beyond `largestNumber`, and without a row that has become 0. */
function fits(
  { rowScale, biasScale, biasShift }: ClassTransform,
  largest: Float64Array,
  bias: FloatArray,
  largestNumber: number,
): boolean {
  const round = bias instanceof Float32Array ? Math.fround : Number;
  const bounded = (value: number) => Number.isFinite(round(value)) && Math.abs(value) <= largestNumber;
  const left = (value: number, k: number) => round(value) !== 0 || largest[k] === 0;
  return rowScale.every(
    (scale, k) =>
      bounded(scale * largest[k]) &&
      left(scale * largest[k], k) &&
      bounded(biasScale[k] * bias[k] + biasShift[k]),
  );
}
