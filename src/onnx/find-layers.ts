/** The layers of a network on the way to its head: which tensors are worth looking at. */
import type { NodeProto } from 'onnx-buf';
import { findActivations } from './activations.js';
import { ancestors, type GraphView, plainDomain } from './graph-view.js';
import { findStatic, isRefusal } from './static-tensor.js';

/** `activation`: what a nonlinearity gives; `normalization`: what batch, layer, … normalisation gives; `linear`: Conv, Gemm, MatMul. */
export type LayerKind = 'activation' | 'normalization' | 'linear';

/** A tensor that is a layer's output. */
export interface LayerTensor {
  readonly tensor: string;
  readonly kind: LayerKind;
  /** The operator: `Relu`, `Gelu` (also written out), `BatchNormalization`, `Conv`, …. */
  readonly operator: string;
  /** Index of the node that gives the tensor out. */
  readonly node: number;
  /** True where no entry can be below 0. */
  readonly nonNegative: boolean;
}

const normalizations = new Set([
  ...['BatchNormalization', 'InstanceNormalization', 'LayerNormalization', 'GroupNormalization', 'LRN'],
  ...['RMSNormalization', 'SimplifiedLayerNormalization', 'SkipLayerNormalization', 'LpNormalization'],
]);
const products = new Set(['Conv', 'ConvTranspose', 'Gemm', 'MatMul']);

/**
 * The layers of those kinds that `to` is computed from, in the order of the nodes. A linear layer has stored weights, and
 * its bias, where that is an Add behind it, belongs to it.
 */
export function findLayers(view: GraphView, to: string, kinds: readonly LayerKind[]): LayerTensor[] {
  const found = new Map<string, LayerTensor>();
  const activations = findActivations(view, to);
  if (kinds.includes('activation')) {
    for (const one of activations) found.set(one.tensor, { ...one, kind: 'activation' });
  }
  const needed = ancestors(view, [to]);
  view.graph.node.forEach((node, index) => {
    if (!needed.nodes.has(index)) return;
    const add = (kind: LayerKind, tensor: string, at: number) => {
      if (!kinds.includes(kind) || found.has(tensor)) return;
      found.set(tensor, { tensor, kind, operator: node.opType, node: at, nonNegative: false });
    };
    if (normalizations.has(node.opType)) add('normalization', node.output[0] ?? '', index);
    else if (isLinear(view, node)) {
      const bias = biasBehind(view, node.output[0]);
      if (bias === undefined) add('linear', node.output[0], index);
      else if (needed.nodes.has(bias)) add('linear', view.graph.node[bias].output[0], bias);
    }
  });
  return [...found.values()].sort((a, b) => a.node - b.node);
}

function isLinear(view: GraphView, node: NodeProto): boolean {
  if (plainDomain(node.domain) !== '' || !products.has(node.opType)) return false;
  const isStored = (name: string | undefined) => !isRefusal(findStatic(view, name ?? ''));
  return isStored(node.input[1]) !== isStored(node.input[0]);
}

/** The Add of stored numbers that is the only use of a product. */
function biasBehind(view: GraphView, product: string): number | undefined {
  const users = view.users.get(product) ?? [];
  if (users.length !== 1 || view.outputs.has(product) || view.captured.has(product)) return undefined;
  const { node: index } = users[0];
  const node = view.graph.node[index];
  if (plainDomain(node.domain) !== '' || node.opType !== 'Add') return undefined;
  const stored = node.input.some((name) => name !== product && !isRefusal(findStatic(view, name)));
  return stored ? index : undefined;
}
