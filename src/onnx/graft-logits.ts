/** Scales and shifts the logits of a model whose head itself cannot be changed. */

import type { NodeProto } from 'onnx-buf';
import { TailorError } from '../array/errors.js';
import type { FloatArray } from '../array/matrix.js';
import { quoted } from '../array/text.js';
import { affineSuffix } from './affine.js';
import type { GraftWork } from './graft-work.js';
import { initializerPath, inputPath, insertNodes, nodePath, setNodeOutput } from './graph-edits.js';
import { nodeProto } from './protos.js';
import { isExclusive } from './static-tensor.js';

/**
 * Puts z ↦ diag(weight) z + bias between the logits' producer and all their users. `weight` [C, C] must be diagonal
 * (HEAD_UNSUPPORTED). Mul and Add are added only where they do something; the logits keep their name.
 */
export function graftLogits(work: GraftWork, weight: FloatArray, bias: FloatArray): void {
  const { view, location } = work;
  const { classes, node: producer, features, logits = features, affine, trailing = 0 } = location;
  const scale = bias.slice() as FloatArray;
  for (let k = 0; k < classes; k++) {
    for (let j = 0; j < classes; j++) {
      if (j !== k && weight[k * classes + j] !== 0) {
        throw new TailorError(
          'HEAD_UNSUPPORTED',
          `${work.doing}: this model has no linear head that can be changed, only logits that can be scaled and shifted per class; ` +
            `the new head mixes class ${j} into class ${k}. Use an additive or multiplicative adjustment.`,
        );
      }
    }
    scale[k] = weight[k * classes + k];
  }
  const dims = [classes, ...new Array<number>(trailing).fill(1)];
  const attributes = view.opset() < 7 ? { broadcast: 1, axis: 1 } : {};
  const steps: { op: 'Mul' | 'Add'; values: FloatArray }[] = [];
  if (scale.some((value) => value !== 1)) steps.push({ op: 'Mul', values: scale });
  if (bias.some((value) => value !== 0)) steps.push({ op: 'Add', values: bias });
  const slot = view.graph.node[producer].output.indexOf(features);
  removeEarlier(work);
  // The logits keep their name, whoever uses it; what their producer gave gets another.
  let current = affine ? features : work.fresh(`${logits}.original.onnx_tailor`);
  if (steps.length === 0) current = logits;
  if (current !== features) work.edits.push(setNodeOutput(view, producer, slot, current));
  if (steps.length === 0) return;
  const nodes: NodeProto[] = steps.map(({ op, values }, i) => {
    const operand = work.addInitializer(`${logits}${affineSuffix[op]}`, values, dims);
    const output = i === steps.length - 1 ? logits : work.fresh(`${logits}.scaled.onnx_tailor`);
    const node = nodeProto(op, [current, operand], [output], attributes, { name: operand });
    current = output;
    return node;
  });
  work.edits.push(insertNodes(producer, nodes));
  const done = steps.map(({ op }) => (op === 'Mul' ? 'a scale' : 'a shift')).join(' and ');
  work.notes.push(
    `The head itself was left as it is; ${done} per class was put behind its logits ${quoted(logits)}.`,
  );
}

/** Takes out the scale and shift of an earlier graft. */
function removeEarlier({ view, edits, location }: GraftWork): void {
  const { affine } = location;
  for (const node of affine?.nodes ?? []) edits.push({ kind: 'remove', at: nodePath(node) });
  for (const source of [affine?.scale, affine?.shift]) {
    if (source?.tensor.leaf.kind !== 'initializer' || !isExclusive(view, source.tensor)) continue;
    edits.push({ kind: 'remove', at: initializerPath(source.tensor.leaf.index) });
    const input = view.inputs.get(source.tensor.leafName);
    if (input !== undefined) edits.push({ kind: 'remove', at: inputPath(input) });
  }
}
