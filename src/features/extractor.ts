/** What turns samples into features. */
import type { Preprocess } from '../data/preprocess.js';
import type { CutModel } from '../onnx/cut.js';
import type { HeadLocation } from '../onnx/head-location.js';

/** What is extracted with. */
export interface Extractor extends CutModel {
  readonly location: HeadLocation;
  readonly sha256: string;
  /** File name of the model. */
  readonly name?: string;
  readonly classes?: readonly string[];
  readonly preprocess?: Preprocess;
  /** Numbers that one sample feeds; undefined where neither the model nor the preprocessing fixes them. */
  readonly sampleNumbers?: number;
  /** Why the model's own preprocessing cannot be used, if it has one. */
  readonly preprocessProblem?: string;
}
