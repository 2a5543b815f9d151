/** Puts a new head into a model: W and b are replaced where they lie, everything else stays byte for byte. */

import { TailorError } from '../array/errors.js';
import { assertFiniteHead, headShape, type LinearHead, linearHead } from '../array/linear-head.js';
import { denseData, type FloatArray } from '../array/matrix.js';
import { listNames, quoted } from '../array/text.js';
import type { HeadDtype } from './dtypes.js';
import { graftClassifier } from './graft-classifier.js';
import { graftLogits } from './graft-logits.js';
import { graftBias, graftWeight } from './graft-parameters.js';
import { GraftWork } from './graft-work.js';
import type { HeadLocation } from './head-location.js';
import { type MetadataChanges, metadataEdits } from './metadata.js';
import type { ModelFile } from './model-file.js';
import { readHead } from './read-head.js';
import { concatenate, type Edit, spliceParts } from './splice.js';

/** A model with its new head, not yet written. */
export interface Grafted {
  /** The file in parts, to be written behind each other; what did not change are views of the source. */
  readonly parts: readonly Uint8Array[];
  /** The file as one: a copy of all parts, made when it is first asked for. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** What was changed in the source. */
  readonly edits: readonly Edit[];
  /**
   * The head as the new file holds it: rounded to its number type. Predict with this one. (For the two classes of a
   * binary LinearClassifier both rows may have moved by the same amount, which no softmax sees.)
   */
  readonly head: LinearHead;
  /** New files of external data, to be written beside the model. */
  readonly sideFiles: readonly { readonly location: string; readonly bytes: Uint8Array }[];
  /** Locations of external data that the new model still refers to: copy them along when it goes to another folder. */
  readonly keptSideFiles: readonly string[];
  /** What a user should know: copies made, a bias added, rounding. */
  readonly notes: readonly string[];
  /** Which parameters got other numbers. When neither did, the graph's bytes are as they were. */
  readonly changed: { readonly weight: boolean; readonly bias: boolean };
}

/**
 * Replaces the head at `location` by `head` and sets `metadata` keys. Only what changes is written: a head that equals
 * the model's leaves the graph byte for byte as it was. A weight or bias that others use is copied first; a missing bias
 * is added when one is needed; Gemm's alpha and beta become 1 where their operand is written. Type, storage (raw, typed,
 * external) and names are kept. New external data goes to a side file named after `outName` and its own content.
 *
 * SHAPE_MISMATCH, NOT_FINITE; HEAD_OVERFLOW where a number does not fit the head's type; HEAD_UNSUPPORTED for kind
 * `logits` with a weight that is not diagonal; the errors of external data.
 */
export async function graftHead(
  file: ModelFile,
  location: HeadLocation,
  head: LinearHead,
  { metadata = {}, outName = 'model.onnx' }: { metadata?: MetadataChanges; outName?: string } = {},
): Promise<Grafted> {
  const doing = `Grafting a head into ${quoted(location.output)}`;
  const [classes, dimensions] = headShape(head);
  if (classes !== location.classes || dimensions !== location.dimensions || head.bias.shape[0] !== classes) {
    throw new TailorError(
      'SHAPE_MISMATCH',
      `${doing}: the model's head is ${location.classes} classes × ${location.dimensions} dimensions, the new one ${classes} × ${dimensions} with ${head.bias.shape[0]} biases. They must agree.`,
    );
  }
  assertFiniteHead(head, doing);
  const old = await readHead(file, location);
  const work = new GraftWork(file, location, outName, doing);
  const weight = work.round(
    denseData(head.weight),
    denseData(old.weight),
    (i) => `weight of class ${Math.floor(i / dimensions)}, dimension ${i % dimensions}`,
  );
  const bias = work.round(denseData(head.bias), denseData(old.bias), (i) => `bias of class ${i}`);
  work.notes.push(...vanishedRows(head, weight, location.dtype));
  const changed = {
    weight: differs(weight, denseData(old.weight)),
    bias: differs(bias, denseData(old.bias)),
  };
  if (location.kind === 'logits') {
    if (changed.weight || changed.bias) graftLogits(work, weight, bias);
  } else if (location.kind === 'linear-classifier') graftClassifier(work, weight, bias, changed);
  else {
    if (changed.weight) graftWeight(work, weight);
    if (changed.bias) graftBias(work, bias);
  }
  const stored = work.stored ?? { weight, bias };
  // Before the edits are taken: some name the side file.
  const sideFiles = await work.sideFiles();
  const edits = [...work.edits, ...metadataEdits(file, metadata)];
  const parts = spliceParts(file.bytes, edits);
  let bytes: Uint8Array<ArrayBuffer> | undefined;
  return {
    ...{ parts, edits },
    get bytes() {
      bytes ??= concatenate(parts);
      return bytes;
    },
    head: linearHead(stored.weight, stored.bias, classes, dimensions),
    sideFiles,
    keptSideFiles: work.keptSideFiles(),
    notes: work.notes,
    changed,
  };
}

/** A sentence where all weights of a class are too small for the type of the model. */
function vanishedRows(head: LinearHead, stored: FloatArray, dtype: HeadDtype): string[] {
  const [classes, dimensions] = headShape(head);
  const wanted = denseData(head.weight);
  const isZero = (of: FloatArray, k: number) =>
    of.subarray(k * dimensions, (k + 1) * dimensions).every((value) => value === 0);
  const gone = Array.from({ length: classes }, (_, k) => k).filter(
    (k) => isZero(stored, k) && !isZero(wanted, k),
  );
  if (gone.length === 0) return [];
  return [
    `The weights of class ${listNames(gone)} are so small that all of them are 0 in ${dtype}: the features no longer tell it. Use a smaller adjustment, or a float32 export of the model.`,
  ];
}

function differs(a: FloatArray, b: FloatArray): boolean {
  // −0 and 0 are the same logits.
  return a.some((value, i) => value !== b[i]);
}

/**
 * What verification should allow between the logits of a grafted model and W f + b (predicted from the head as it is
 * stored), where `largest` is the largest logit: float32 1e−4, or its rounding (1e−5 of the largest logit) where that is
 * more. For half precision the logits themselves are rounded (unit roundoff 2⁻¹¹ for float16, 2⁻⁸ for bfloat16), and
 * runtimes may sum in it, too.
 */
export function headTolerance(dtype: HeadDtype, largest = 1): number {
  switch (dtype) {
    case 'float64':
      return 1e-9 * Math.max(1, largest);
    case 'float32':
      return Math.max(1e-4, 1e-5 * largest);
    case 'float16':
      return 1e-2 * Math.max(1, largest);
    case 'bfloat16':
      return 5e-2 * Math.max(1, largest);
  }
}
