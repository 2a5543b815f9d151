/** What is known of a head that was found: for people (`inspect`) and for reading, cutting and grafting it. */
import type { HeadDtype } from './dtypes.js';
import type { StaticTensor } from './static-tensor.js';

/**
 * How the head is written in the graph. `logits`: there is no linear head that can be changed, but its logits can be
 * scaled and shifted per class (an identity head).
 */
export type HeadKind = 'gemm' | 'matmul' | 'conv' | 'linear-classifier' | 'logits';

/** What follows the logits on the way to an output. */
export type Activation = 'none' | 'softmax' | 'log-softmax' | 'sigmoid';

/** A graph output that the head leads to. */
export interface HeadOutput {
  /** Name of the output. */
  readonly name: string;
  /** What follows the logits on the way to it. */
  readonly activation: Activation;
  /**
   * `scores`: `activation` of the logits, one number per class; `labels`: the best class by index or by the model's own
   * label (for TopK, several); `derived`: something else made of them (best score, a table's entry, rescaled scores).
   */
  readonly form: 'scores' | 'labels' | 'derived';
}

/** Where a parameter is stored and which input of which node it is. */
export interface ParameterSource {
  /** Index of the consuming node in the graph, and which of its inputs. */
  readonly node: number;
  readonly slot: number;
  readonly tensor: StaticTensor;
  /** Gemm's alpha or beta; 1 elsewhere. */
  readonly scale: number;
}

/** Scale and shift per class that were grafted behind logits. `nodes`: their Mul and Add, in order. */
export interface Affine {
  readonly nodes: readonly number[];
  readonly scale?: ParameterSource;
  readonly shift?: ParameterSource;
}

/** A head in a model. Strings are tensor names. */
export interface HeadLocation {
  /** The output it was found from, or the one that was chosen. */
  readonly output: string;
  /** All outputs that it leads to, `output` among them. */
  readonly outputs: readonly HeadOutput[];
  /** How the head is written in the graph. */
  readonly kind: HeadKind;
  /** C. */
  readonly classes: number;
  /** D. For kind `logits`, C. */
  readonly dimensions: number;
  /** Whether the model stores a bias. */
  readonly hasBias: boolean;
  /** Number type of its weight. */
  readonly dtype: HeadDtype;
  /** The head's input: [N, D], or with further dimensions of length 1. For kind `logits`, the logits. */
  readonly features: string;
  /** The logits; undefined for a LinearClassifier that applies its activation itself. */
  readonly logits: string | undefined;
  /** What follows the logits on the way to `output`. */
  readonly activation: Activation;
  /** Names that the model itself gives its classes (LinearClassifier). */
  readonly classNames?: readonly string[];
  /** What a user should know: why only the logits can be changed, and the like. */
  readonly note?: string;
  /** Index of the node that computes the logits; for kind `logits`, of their producer. */
  readonly node: number;
  /** Index of the Add behind a MatMul or Conv, if that is where the bias is. */
  readonly addNode?: number;
  /** Absent for `linear-classifier` (attributes) and `logits`. */
  readonly weight?: ParameterSource;
  /** Absent where there is no bias. */
  readonly bias?: ParameterSource;
  /** [C, D] (rows are classes) or [D, C]; trailing or leading dimensions of length 1 do not matter. */
  readonly weightRows?: 'classes' | 'dimensions';
  /**
   * A LinearClassifier that holds two classes as one number: `one-row` or two rows that are each other's negative
   * (`mirrored`, as scikit-learn's binary models are exported). Its head is read as softmax rows [−w/2, w/2].
   */
  readonly binary?: 'one-row' | 'mirrored';
  /** For kind `logits`: how many dimensions of length 1 follow the class dimension. */
  readonly trailing?: number;
  /** For kind `logits`: the scale and shift that an earlier graft put between `features` and `logits`. */
  readonly affine?: Affine;
}

/** A head without what only the way from it to the outputs tells. `rank` and `axis`: of the logits, axis of classes. */
export interface HeadMatch
  extends Pick<
    HeadLocation,
    | 'kind'
    | 'classes'
    | 'dimensions'
    | 'hasBias'
    | 'dtype'
    | 'features'
    | 'logits'
    | 'classNames'
    | 'node'
    | 'addNode'
    | 'weight'
    | 'bias'
    | 'weightRows'
    | 'binary'
  > {
  readonly rank: number | undefined;
  /** From the left if ≥ 0, from the right if negative. */
  readonly axis: number;
  /** What a LinearClassifier applies itself. */
  readonly activation: Activation;
  /** A LinearClassifier's first output is its decision. */
  readonly form: HeadOutput['form'];
}
