/** Recognises a linear head from the tensor that it computes. */
import type { NodeProto } from 'onnx-buf';
import { dataTypeName, dtypeOf, type HeadDtype } from './dtypes.js';
import {
  attributeOf,
  describeNode,
  floatAttribute,
  type GraphView,
  intAttribute,
  intsAttribute,
  type Place,
  plainDomain,
} from './graph-view.js';
import type { HeadMatch, ParameterSource } from './head-location.js';
import { matchLinearClassifier } from './linear-classifier.js';
import { matchQuantised } from './match-quantised.js';
import { isOnPooledMap } from './pooled-map.js';
import { rankOf } from './rank.js';
import { findStatic, isRefusal, type Refusal } from './static-tensor.js';
import { elementCount } from './tensor-data.js';

/** The head that computes `tensor`; a refusal where it is none or an unsafe one; undefined where the walk may go on. */
export function matchHead(view: GraphView, tensor: string, place: Place): HeadMatch | Refusal | undefined {
  const match = matchOperator(view, tensor, place);
  if (!match || isRefusal(match)) return match;
  const node = view.graph.node[match.node];
  if (!match.features) return { reason: `${describeNode(node)} takes no features` };
  const [weight, bias] = [match.weight?.tensor, match.bias?.tensor];
  if (weight && bias && weight.dataType !== bias.dataType) {
    const types = [weight, bias].map(({ dataType }) => dataTypeName(dataType)).join(' and ');
    return {
      reason: `the weight and bias of ${describeNode(node)} are of two types, ${types}`,
      unsupported: true,
    };
  }
  // Products have one output; what runtimes refuse anyway must not be taken for the logits.
  if (match.kind !== 'linear-classifier' && node.output.length !== 1)
    return { reason: `${describeNode(node)} has ${node.output.length} outputs instead of one` };
  return match;
}

function matchOperator(view: GraphView, tensor: string, place: Place): HeadMatch | Refusal | undefined {
  const node = view.graph.node[place.node];
  const domain = plainDomain(node.domain);
  const what = describeNode(node);
  if (view.functions.has(`${domain}:${node.opType}`)) {
    return {
      reason: `the head is inside the model's own function (${what}); inline the functions first`,
      unsupported: true,
    };
  }
  const quantised = matchQuantised(view, tensor);
  if (quantised) return quantised;
  if (domain === 'ai.onnx.ml') {
    if (node.opType === 'LinearClassifier') return matchLinearClassifier(node, place);
    if (/^(TreeEnsemble|SVM)/.test(node.opType)) {
      return { reason: `${what} is not a linear head: it has no W f + b` };
    }
    return undefined;
  }
  if (domain !== '') return undefined;
  switch (node.opType) {
    case 'Gemm':
      return matchGemm(view, node, place.node);
    case 'MatMul':
      return matchMatMul(view, node, place.node);
    case 'Conv':
      return matchConv(view, node, place.node);
    case 'Add':
      return matchAdd(view, node, place.node, tensor);
    case 'If':
    case 'Loop':
    case 'Scan':
    case 'SequenceMap':
      return { reason: `the head is inside ${what}`, unsupported: true };
    default:
      return undefined;
  }
}

function matchGemm(view: GraphView, node: NodeProto, index: number): HeadMatch | Refusal {
  const what = describeNode(node);
  if (intAttribute(node, 'transA', 0) !== 0)
    return { reason: `${what} has transA = 1`, unsupported: true, plain: true };
  const weight = parameter(view, node, index, 1, floatAttribute(node, 'alpha', 1), `the weight of ${what}`);
  if (isRefusal(weight)) return weightOnTheLeft(view, node) ?? weight;
  const { dims } = weight.tensor;
  if (dims.length !== 2)
    return { reason: `the weight of ${what} has ${dims.length} dimensions instead of 2` };
  const rows = intAttribute(node, 'transB', 0) ? 'classes' : 'dimensions';
  const [classes, dimensions] = rows === 'classes' ? dims : [dims[1], dims[0]];
  const beta = floatAttribute(node, 'beta', 1);
  const bias = node.input[2] ? parameter(view, node, index, 2, beta, `the bias of ${what}`) : undefined;
  if (bias && isRefusal(bias)) return bias;
  if (bias && !fitsClasses(bias.tensor.dims, classes, 0)) return biasRefusal(what, bias, classes);
  return head(view, {
    kind: 'gemm',
    classes,
    dimensions,
    features: node.input[0],
    logits: node.output[0],
    node: index,
    weight,
    bias,
    weightRows: rows,
    rank: 2,
    axis: 1,
  });
}

function matchMatMul(view: GraphView, node: NodeProto, index: number): HeadMatch | Refusal {
  const what = describeNode(node);
  const weight = parameter(view, node, index, 1, 1, `the weight of ${what}`);
  if (isRefusal(weight)) return weightOnTheLeft(view, node) ?? weight;
  const { dims } = weight.tensor;
  if (dims.length < 2 || dims.slice(0, -2).some((length) => length !== 1)) {
    return { reason: `the weight of ${what} has shape [${dims.join(', ')}]; a head's is [D, C]` };
  }
  const rank = view.types.get(node.output[0])?.dims?.length ?? rankOf(view, node.input[0]);
  return head(view, {
    kind: 'matmul',
    classes: dims[dims.length - 1],
    dimensions: dims[dims.length - 2],
    features: node.input[0],
    logits: node.output[0],
    node: index,
    weight,
    weightRows: 'dimensions',
    rank: dims.length > 2 ? Math.max(dims.length, rank ?? 0) : rank,
    axis: -1,
  });
}

function matchConv(view: GraphView, node: NodeProto, index: number): HeadMatch | Refusal {
  const what = describeNode(node);
  const weight = parameter(view, node, index, 1, 1, `the weight of ${what}`);
  if (isRefusal(weight)) return weight;
  const { dims } = weight.tensor;
  if (dims.length < 3 || dims.slice(2).some((length) => length !== 1)) {
    return { reason: `${what} has a kernel of [${dims.slice(2).join(', ')}]; a head's is 1 × 1` };
  }
  if (intAttribute(node, 'group', 1) !== 1) return { reason: `${what} has groups` };
  if (intsAttribute(node, 'pads')?.some((pad) => pad !== 0)) return { reason: `${what} has padding` };
  if (!isOnPooledMap(view, node, dims.length - 2)) {
    return {
      reason: `${what} is 1 × 1, but nothing shows that its map is: it may give one prediction per position`,
    };
  }
  const bias = node.input[2] ? parameter(view, node, index, 2, 1, `the bias of ${what}`) : undefined;
  if (bias && isRefusal(bias)) return bias;
  if (bias && !(bias.tensor.dims.length === 1 && bias.tensor.dims[0] === dims[0])) {
    return biasRefusal(what, bias, dims[0]);
  }
  return head(view, {
    kind: 'conv',
    classes: dims[0],
    dimensions: dims[1],
    features: node.input[0],
    logits: node.output[0],
    node: index,
    weight,
    bias,
    weightRows: 'classes',
    rank: dims.length,
    axis: 1,
  });
}

/** MatMul, Gemm or Conv without a bias of its own, then an Add of stored numbers on either side. */
function matchAdd(
  view: GraphView,
  node: NodeProto,
  index: number,
  tensor: string,
): HeadMatch | Refusal | undefined {
  const what = describeNode(node);
  for (const slot of [1, 0]) {
    const place = view.producers.get(node.input[1 - slot] ?? '');
    const inner = place && view.graph.node[place.node];
    if (!inner || !['MatMul', 'Gemm', 'Conv'].includes(inner.opType)) continue;
    const bias = parameter(view, node, index, slot, 1, `the bias added by ${what}`);
    if (isRefusal(bias)) continue;
    const match = matchHead(view, node.input[1 - slot], place);
    if (!match || isRefusal(match)) return match;
    if (match.bias) {
      return {
        reason: `${what} adds a second bias to ${describeNode(inner)}`,
        unsupported: true,
        plain: true,
        classes: match.classes,
      };
    }
    // Aligned at the right, as broadcasting does; before opset 7, `axis` says where.
    const after = match.kind === 'conv' ? (match.rank ?? 4) - 2 : 0;
    const old = view.opset() < 7 && attributeOf(node, 'axis');
    const dims = old ? [...bias.tensor.dims, ...new Array<number>(after).fill(1)] : bias.tensor.dims;
    if (!fitsClasses(dims, match.classes, after) || dims.length > (match.rank ?? dims.length))
      return biasRefusal(what, bias, match.classes);
    return { ...match, hasBias: true, bias, addNode: index, logits: tensor };
  }
  return undefined;
}

/** Whether a shape, aligned at the right, has nothing but one number or one per class. */
function fitsClasses(dims: readonly number[], classes: number, after: number): boolean {
  return dims.every(
    (length, axis) => length === 1 || (length === classes && axis === dims.length - 1 - after),
  );
}

function biasRefusal(what: string, bias: ParameterSource, classes: number): Refusal {
  return {
    reason: `the bias of ${what} has shape [${bias.tensor.dims.join(', ')}], which is not one number per class (${classes})`,
    unsupported: true,
    plain: true,
    classes,
  };
}

function weightOnTheLeft(view: GraphView, node: NodeProto): Refusal | undefined {
  const left = findStatic(view, node.input[0] ?? '');
  if (isRefusal(left)) return undefined;
  return { reason: `${describeNode(node)} has its weight on the left side`, unsupported: true, plain: true };
}

function parameter(
  view: GraphView,
  node: NodeProto,
  index: number,
  slot: number,
  scale: number,
  what: string,
): ParameterSource | Refusal {
  const tensor = findStatic(view, node.input[slot] ?? '');
  if (isRefusal(tensor)) {
    const { reason, unsupported } = tensor;
    return { reason: `${what} cannot be changed: ${reason}`, unsupported, plain: unsupported };
  }
  const casts = tensor.steps.flatMap((step) => (step.op === 'Cast' ? [step.to ?? 0] : []));
  const other = [tensor.proto.dataType, ...casts].find((type) => !dtypeOf(type));
  if (other !== undefined) {
    return { reason: `${what} is stored as ${dataTypeName(other)}`, unsupported: true, plain: true };
  }
  return { node: index, slot, tensor, scale };
}

function head(
  view: GraphView,
  match: Omit<HeadMatch, 'dtype' | 'hasBias' | 'activation' | 'form'> & { weight: ParameterSource },
): HeadMatch | Refusal {
  const what = describeNode(view.graph.node[match.node]);
  if (elementCount(match.weight.tensor.dims) === 0) return { reason: `the weight of ${what} is empty` };
  if (match.classes < 2) return { reason: `${what} has one output, so it is no classifier over classes` };
  return {
    ...match,
    dtype: dtypeOf(match.weight.tensor.dataType) as HeadDtype,
    hasBias: match.bias !== undefined,
    activation: 'none',
    form: 'scores',
  };
}
