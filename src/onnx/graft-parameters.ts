/** Writes the weight and bias of a Gemm, MatMul or Conv head. */

import { TailorError } from '../array/errors.js';
import type { FloatArray } from '../array/matrix.js';
import { quoted } from '../array/text.js';
import type { GraftWork } from './graft-work.js';
import {
  attributeTensorPath,
  initializerPath,
  inputPath,
  insertNodes,
  nodePath,
  setFloatAttribute,
  setNodeInput,
  setNodeOutput,
} from './graph-edits.js';
import { attributeOf, describeNode } from './graph-view.js';
import type { ParameterSource } from './head-location.js';
import { nodeProto } from './protos.js';
import { isExclusive, type StaticTensor } from './static-tensor.js';
import { elementCount, transposed } from './tensor-data.js';

/** Writes `weight` ([C, D], already rounded). */
export function graftWeight(work: GraftWork, weight: FloatArray): void {
  const { weight: source, weightRows, classes, dimensions } = work.location;
  if (!source) throw new TailorError('INVALID_ARGUMENT', `${work.doing}: the location has no weight.`);
  const values = weightRows === 'dimensions' ? transposed(weight, [classes, dimensions], [1, 0]) : weight;
  writeParameter(work, source, values, source.tensor.dims, 'weight');
  unscale(work, source, 'alpha');
}

/** Writes `bias` ([C], already rounded); adds one where the model has none. */
export function graftBias(work: GraftWork, bias: FloatArray): void {
  const { bias: source } = work.location;
  if (!source) {
    addBias(work, bias);
    return;
  }
  const stored = elementCount(source.tensor.dims);
  if (stored === bias.length) {
    writeParameter(work, source, bias, source.tensor.dims, 'bias');
  } else if (bias.every((value) => value === bias[0])) {
    writeParameter(work, source, bias.slice(0, stored) as FloatArray, source.tensor.dims, 'bias');
  } else {
    work.notes.push('The bias was one number for all classes; it is now one per class.');
    writeParameter(work, source, bias, expandedDims(work, source), 'bias');
  }
  unscale(work, source, 'beta');
}

/** The shape of a bias that was stored as one number. */
function expandedDims(work: GraftWork, { node }: ParameterSource): number[] {
  const { kind, classes, weight } = work.location;
  const consumer = work.view.graph.node[node];
  if (work.view.opset() < 7 && !(attributeOf(consumer, 'broadcast')?.i === 1n && kind !== 'conv')) {
    throw new TailorError(
      'HEAD_UNSUPPORTED',
      `${work.doing}: ${describeNode(consumer)} of operator set ${work.view.opset()} adds one number to all classes and cannot take one per class. Convert the model to a newer operator set.`,
    );
  }
  const after = kind === 'conv' ? (weight?.tensor.dims.length ?? 4) - 2 : 0;
  return [classes, ...new Array<number>(after).fill(1)];
}

/** Gemm's alpha and beta are taken into the numbers, so that these are stored exactly. */
function unscale(work: GraftWork, { node, scale }: ParameterSource, attribute: 'alpha' | 'beta'): void {
  if (scale !== 1) work.edits.push(setFloatAttribute(work.view, node, attribute, 1));
}

function writeParameter(
  work: GraftWork,
  source: ParameterSource,
  values: FloatArray,
  dims: readonly number[],
  what: 'weight' | 'bias',
): void {
  const { view, edits } = work;
  const { tensor, node, slot } = source;
  const exclusive = isExclusive(view, tensor);
  const path = storedAt(work, tensor);
  const sameShape = dims.join() === tensor.dims.join();
  if (exclusive && path && sameShape && !tensor.steps.some(({ op }) => op === 'Cast')) {
    let leaf = values;
    let shape: readonly number[] = dims;
    for (const { perm } of tensor.steps.toReversed()) {
      if (!perm) continue;
      const inverse = perm.map((_, axis) => perm.indexOf(axis));
      leaf = transposed(leaf, shape, inverse);
      shape = inverse.map((axis) => shape[axis]);
    }
    work.replaceData(path, tensor.proto, leaf);
    return;
  }
  const name = work.addInitializer(`${tensor.leafName}.${what}.onnx_tailor`, values, dims, tensor.proto);
  edits.push(setNodeInput(view, node, slot, name));
  if (exclusive) removeStored(work, tensor);
  else
    work.notes.push(
      `The ${what} ${quoted(tensor.leafName)} is used elsewhere too: the head got a copy, ${quoted(name)}.`,
    );
}

/** Where the numbers of a static tensor can be replaced in place, if they can. */
function storedAt(work: GraftWork, { leaf }: StaticTensor) {
  if (leaf.kind === 'initializer') return initializerPath(leaf.index);
  const attribute = work.view.graph.node[leaf.node].attribute[leaf.attribute];
  return attribute.name === 'value' ? attributeTensorPath(leaf.node, leaf.attribute) : undefined;
}

/** Takes out numbers, and the casts and transposes behind them, that nothing uses any more. */
function removeStored(work: GraftWork, { leaf, leafName, steps, proto }: StaticTensor): void {
  const { view, edits } = work;
  for (const { node } of steps) edits.push({ kind: 'remove', at: nodePath(node) });
  if (leaf.kind === 'constant') edits.push({ kind: 'remove', at: nodePath(leaf.node) });
  else {
    edits.push({ kind: 'remove', at: initializerPath(leaf.index) });
    const input = view.inputs.get(leafName);
    if (input !== undefined) edits.push({ kind: 'remove', at: inputPath(input) });
  }
  work.dropped(proto);
}

/** A bias where there is none. The tensor that consumers know as the logits stays the logits. */
function addBias(work: GraftWork, bias: FloatArray): void {
  const { view, edits, location } = work;
  const { node, kind, classes, weight } = location;
  const name = work.addInitializer(`${weight?.tensor.leafName ?? 'head'}.bias.onnx_tailor`, bias, [classes]);
  if (kind === 'gemm' || kind === 'conv') {
    edits.push(setNodeInput(view, node, 2, name));
    const beta = view.graph.node[node].attribute.find((attribute) => attribute.name === 'beta');
    if (kind === 'gemm' && beta && beta.f !== 1) edits.push(setFloatAttribute(view, node, 'beta', 1));
  } else {
    const logits = view.graph.node[node].output[0];
    const unbiased = work.fresh(`${logits}.unbiased.onnx_tailor`);
    const attributes = view.opset() < 7 ? { broadcast: 1 } : {};
    edits.push(setNodeOutput(view, node, 0, unbiased));
    edits.push(insertNodes(node, [nodeProto('Add', [unbiased, name], [logits], attributes, { name })]));
  }
  work.notes.push(`The model had no bias; ${quoted(name)} was added.`);
}
