/** The scale and shift per class that a graft puts behind logits, and how they are known again. */
import type { NodeProto } from 'onnx-buf';
import { type GraphView, plainDomain } from './graph-view.js';
import type { Affine, ParameterSource } from './head-location.js';
import { findStatic, isRefusal } from './static-tensor.js';

/** How the names of the operands end. */
export const affineSuffix = { Mul: '.scale.onnx_tailor', Add: '.shift.onnx_tailor' } as const;

/** Whether a node is a scale or shift that an earlier graft added. */
export function isAffineStep(node: NodeProto): boolean {
  if (plainDomain(node.domain) !== '' || (node.opType !== 'Mul' && node.opType !== 'Add')) return false;
  return (node.input[1] ?? '').replace(/_\d+$/, '').endsWith(affineSuffix[node.opType]);
}

/** Scale and shift from the nodes of an earlier graft, in order; undefined where they are not as a graft leaves them. */
export function readAffine(view: GraphView, nodes: readonly number[]): Affine | undefined {
  const found: { Mul?: ParameterSource; Add?: ParameterSource } = {};
  for (const index of nodes) {
    const node = view.graph.node[index];
    const tensor = findStatic(view, node.input[1]);
    if (isRefusal(tensor) || tensor.steps.length > 0 || tensor.leaf.kind !== 'initializer') return undefined;
    // Add comes last, and each once.
    if (found.Add || (node.opType === 'Mul' && found.Mul)) return undefined;
    found[node.opType as 'Mul' | 'Add'] = { node: index, slot: 1, tensor, scale: 1 };
  }
  return { nodes, scale: found.Mul, shift: found.Add };
}
