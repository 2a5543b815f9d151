/** `ai.onnx.ml` LinearClassifier: a head whose numbers are attributes of the node. */
import type { NodeProto } from 'onnx-buf';
import { attributeOf, describeNode, type Place } from './graph-view.js';
import type { Activation, HeadMatch } from './head-location.js';
import type { Refusal } from './static-tensor.js';

const activations: Readonly<Record<string, Activation>> = {
  NONE: 'none',
  SOFTMAX: 'softmax',
  LOGISTIC: 'sigmoid',
};
const utf8 = new TextDecoder();

/** What a LinearClassifier node stores. `rows`: how many rows of weights, which is 1 for a binary one. */
export interface ClassifierParameters {
  readonly coefficients: readonly number[];
  readonly intercepts: readonly number[];
  readonly rows: number;
  readonly dimensions: number;
  readonly classNames: readonly string[];
  readonly postTransform: string;
}

/** Reads the attributes; undefined where they do not fit each other. */
export function classifierParameters(node: NodeProto): ClassifierParameters | undefined {
  const coefficients = attributeOf(node, 'coefficients')?.floats ?? [];
  const intercepts = attributeOf(node, 'intercepts')?.floats ?? [];
  const strings = attributeOf(node, 'classlabels_strings')?.strings ?? [];
  const ints = attributeOf(node, 'classlabels_ints')?.ints ?? [];
  const classNames = strings.length > 0 ? strings.map((name) => utf8.decode(name)) : ints.map(String);
  const rows = intercepts.length || classNames.length;
  const dimensions = coefficients.length / rows;
  if (!Number.isInteger(dimensions) || dimensions < 1) return undefined;
  const postTransform = utf8.decode(attributeOf(node, 'post_transform')?.s) || 'NONE';
  return { coefficients, intercepts, rows, dimensions, classNames, postTransform };
}

/** The head that the node is, or why it is none. */
export function matchLinearClassifier(node: NodeProto, place: Place): HeadMatch | Refusal {
  const what = describeNode(node);
  const found = classifierParameters(node);
  if (!found)
    return {
      reason: `${what}: its coefficients do not fit its intercepts and class labels`,
      unsupported: true,
    };
  const { rows, dimensions, classNames, postTransform } = found;
  const activation = activations[postTransform];
  if (!activation) return { reason: `${what} has post_transform ${postTransform}`, unsupported: true };
  const oneRow = rows === 1 && classNames.length === 2;
  if (!oneRow && (rows < 2 || rows !== classNames.length)) {
    return {
      reason: `${what} has ${rows} rows of weights for ${classNames.length} class labels`,
      unsupported: true,
    };
  }
  if (oneRow && postTransform !== 'LOGISTIC') {
    return {
      reason: `${what} decides between two classes by one number that is not a logistic one`,
      unsupported: true,
    };
  }
  const binary = oneRow ? 'one-row' : isMirrored(found) ? 'mirrored' : undefined;
  return {
    kind: 'linear-classifier',
    classes: classNames.length,
    dimensions,
    hasBias: found.intercepts.length > 0,
    dtype: 'float32',
    features: node.input[0],
    logits: activation === 'none' && place.slot === 1 ? node.output[1] : undefined,
    classNames,
    node: place.node,
    binary,
    rank: 2,
    axis: 1,
    activation: binary ? 'softmax' : activation,
    form: place.slot === 0 ? 'labels' : 'scores',
  };
}

function isMirrored({
  coefficients,
  intercepts,
  rows,
  dimensions,
  postTransform,
}: ClassifierParameters): boolean {
  if (rows !== 2 || postTransform !== 'LOGISTIC') return false;
  for (let d = 0; d < dimensions; d++) if (coefficients[d] !== -coefficients[dimensions + d]) return false;
  return intercepts.length === 0 || intercepts[0] === -intercepts[1];
}
