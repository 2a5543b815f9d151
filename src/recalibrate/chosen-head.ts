/** What the choice of a head hands over. */
import type { LinearHead } from '../array/linear-head.js';
import type { MethodParameters } from '../head/candidates.js';
import type { Improvement } from '../head/improvement.js';
import type { Selection } from '../head/selection.js';

/** A chosen head and why. */
export interface ChosenHead {
  readonly method: string;
  readonly parameters: MethodParameters;
  readonly head: LinearHead;
  readonly kept: boolean;
  readonly improvement: Improvement;
  readonly selection?: Selection;
  readonly notes: readonly string[];
}
