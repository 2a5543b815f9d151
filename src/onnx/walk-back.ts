/** From a graph output back to the head behind it, through operators that keep the classes what they are. */
import type { NodeProto } from 'onnx-buf';
import { TensorProto_DataType as DataType } from 'onnx-buf';
import { isAffineStep } from './affine.js';
import { dtypeOf } from './dtypes.js';
import {
  describeNode,
  type GraphView,
  intAttribute,
  intsAttribute,
  type Place,
  plainDomain,
} from './graph-view.js';
import type { HeadMatch, HeadOutput } from './head-location.js';
import { matchHead } from './match-head.js';
import { matchWrittenSoftmax } from './match-softmax.js';
import { findStatic, isRefusal, type Refusal, staticInts } from './static-tensor.js';

/** One operator between the head and an output. `axes`: of a written-out softmax. */
interface Step {
  readonly node: NodeProto;
  readonly input: string;
  readonly output: string;
  readonly written?: { activation: HeadOutput['activation']; axes: readonly number[] };
}

/** Where a walk ended. */
export interface Walk {
  readonly head?: HeadMatch;
  readonly refusal?: Refusal;
  readonly output: HeadOutput;
  /** The tensor that the walk stopped at, and the input of the softmax on the way, if there is one. */
  readonly stoppedAt: string;
  readonly softmaxInput?: string;
  /** Nodes of a scale and shift that an earlier graft put on the way, in order. */
  readonly affine: readonly number[];
}

/** What is known of a tensor on the way from the head to the output. */
interface State {
  rank: number | undefined;
  /** The axis of the classes, from the left; undefined where a Reshape hid it. */
  axis: number | undefined;
  activation: HeadOutput['activation'];
  form: HeadOutput['form'];
}

/** Walks back from the graph output `name`. */
export function walkBack(view: GraphView, name: string): Walk {
  const steps: Step[] = [];
  const seen = new Set<string>();
  const stop = (refusal: Refusal, at: string): Walk => ({
    refusal,
    output: { name, ...describe(steps) },
    stoppedAt: at,
    softmaxInput: steps.findLast(isSoftmax)?.input,
    affine: affineNodes(view, steps),
  });
  for (let tensor = name; ; ) {
    if (seen.has(tensor)) return stop({ reason: `'${tensor}' is computed from itself (a cycle)` }, tensor);
    seen.add(tensor);
    const place = view.producers.get(tensor);
    if (!place) return stop({ reason: whyNoProducer(view, tensor) }, tensor);
    const match = matchHead(view, tensor, place);
    if (match && isRefusal(match)) return stop(match, tensor);
    if (match) {
      const checked = check(view, match, steps.toReversed(), name);
      if (isRefusal(checked)) return stop(checked, tensor);
      return { head: match, output: { name, ...checked }, stoppedAt: tensor, affine: [] };
    }
    const step = stepBack(view, place, tensor);
    if (isRefusal(step)) return stop(step, tensor);
    steps.push(step);
    tensor = step.input;
  }
}

function whyNoProducer(view: GraphView, tensor: string): string {
  if (view.inputs.has(tensor)) return `it leads to the input '${tensor}' without a linear head`;
  if (view.initializers.has(tensor)) return `it leads to the constant '${tensor}'`;
  return `nothing produces '${tensor}'`;
}

const preserving = new Set([
  ...[
    'Identity',
    'Cast',
    'Dropout',
    'Reshape',
    'Flatten',
    'Squeeze',
    'Unsqueeze',
    'Softmax',
    'LogSoftmax',
    'Log',
  ],
  ...['Sigmoid', 'ArgMax', 'TopK', 'ReduceMax', 'Gather'],
]);
const preservingMl = new Set(['ZipMap', 'Normalizer', 'ArrayFeatureExtractor', 'LabelEncoder']);

function stepBack(view: GraphView, place: Place, output: string): Step | Refusal {
  const node = view.graph.node[place.node];
  const written = matchWrittenSoftmax(view, node);
  if (written) return { node, input: written.input, output, written };
  if (isAffineStep(node)) return { node, input: node.input[0], output };
  const domain = plainDomain(node.domain);
  const known = domain === '' ? preserving : domain === 'ai.onnx.ml' ? preservingMl : undefined;
  if (!known?.has(node.opType)) return { reason: `no linear head in front of ${describeNode(node)}` };
  if (node.opType === 'Dropout' && place.slot > 0)
    return { reason: `it is the mask of ${describeNode(node)}` };
  if (node.opType === 'Gather' || node.opType === 'ArrayFeatureExtractor') {
    // A table of labels looked up by class index.
    if (isRefusal(findStatic(view, node.input[0] ?? ''))) {
      return { reason: `no linear head in front of ${describeNode(node)}` };
    }
    return { node, input: node.input[1] ?? '', output };
  }
  return { node, input: node.input[0] ?? '', output };
}

function affineNodes(view: GraphView, steps: readonly Step[]): number[] {
  const found = steps
    .filter(({ node }) => isAffineStep(node))
    .map(({ output }) => view.producers.get(output)!.node);
  return found.toReversed();
}

function isSoftmax(step: Step): boolean {
  return step.written !== undefined || ['Softmax', 'LogSoftmax'].includes(step.node.opType);
}

/** Activation and form without checks, for outputs that lead to no head. */
function describe(steps: readonly Step[]): Omit<HeadOutput, 'name'> {
  const softmax = steps.findLast(isSoftmax);
  const labels = steps.some(({ node }) => ['ArgMax', 'TopK'].includes(node.opType));
  const logarithm = softmax?.written?.activation === 'log-softmax' || softmax?.node.opType === 'LogSoftmax';
  return {
    activation: softmax ? (logarithm ? 'log-softmax' : 'softmax') : 'none',
    form: labels ? 'labels' : 'scores',
  };
}

/** Goes from the head to the output and checks that each operator works on the class axis. */
function check(
  view: GraphView,
  head: HeadMatch,
  steps: readonly Step[],
  output: string,
): Omit<HeadOutput, 'name'> | Refusal {
  const rank = head.rank ?? rankFromOutput(view, steps, output);
  const labels =
    head.kind === 'linear-classifier' &&
    head.logits === undefined &&
    startsAtLabels(view, head, steps, output);
  const state: State = {
    rank,
    axis: head.axis >= 0 ? head.axis : rank === undefined ? undefined : rank + head.axis,
    activation: head.activation,
    form: labels ? 'labels' : 'scores',
  };
  for (const step of steps) {
    const reason = advance(view, state, step, head.classes);
    if (reason) return { reason: `${describeNode(step.node)} ${reason}`, classes: head.classes };
  }
  const stated = view.types.get(output)?.dims;
  if (state.form === 'scores' && stated) {
    const perSample = stated
      .slice(1)
      .reduce<number>((product, length) => product * (typeof length === 'number' ? length : Number.NaN), 1);
    if (stated.length > 1 && Number.isFinite(perSample) && perSample !== head.classes) {
      return {
        reason: `'${output}' has ${perSample} numbers per sample, but its linear layer ${head.classes} rows`,
      };
    }
  }
  return { activation: state.activation, form: state.form };
}

function startsAtLabels(view: GraphView, head: HeadMatch, steps: readonly Step[], output: string): boolean {
  const first = steps[0]?.input ?? output;
  return view.producers.get(first)?.slot === 0 && view.graph.node[head.node].output[0] === first;
}

function rankFromOutput(view: GraphView, steps: readonly Step[], output: string): number | undefined {
  const changes = new Set([
    'Reshape',
    'Flatten',
    'Squeeze',
    'Unsqueeze',
    'ArgMax',
    'ReduceMax',
    'Gather',
    'ZipMap',
  ]);
  for (const step of steps) {
    const stated = view.types.get(step.input)?.dims;
    if (stated) return stated.length;
    if (changes.has(step.node.opType)) return undefined;
  }
  return view.types.get(output)?.dims?.length;
}

/** Brings `state` from the input of a step to its output; returns what is wrong, if anything is. */
function advance(view: GraphView, state: State, step: Step, classes: number): string | undefined {
  const { node } = step;
  if (step.written) {
    if (state.form !== 'scores') return 'normalises a decision';
    if (!step.written.axes.every((axis) => isClassAxis(state, axis)))
      return 'normalises over another axis than the classes';
    state.activation = step.written.activation;
    return undefined;
  }
  const opset = view.opset();
  switch (node.opType) {
    case 'Identity':
    case 'Dropout':
    case 'Mul':
    case 'Add':
      return undefined;
    case 'Cast':
      // Rounding scores to whole numbers would lose them; a decision may have any type.
      return state.form !== 'scores' || dtypeOf(intAttribute(node, 'to', DataType.UNDEFINED))
        ? undefined
        : 'makes scores whole numbers';
    case 'Softmax':
    case 'LogSoftmax': {
      if (state.form !== 'scores') return 'normalises a decision';
      const axis = intAttribute(node, 'axis', opset >= 13 ? -1 : 1);
      // Before opset 13 all axes from `axis` on are one.
      const over = opset < 13 && state.axis !== undefined && axis >= 1 && axis <= state.axis;
      if (!over && !isClassAxis(state, axis))
        return `normalises over axis ${axis}, which is not that of the classes`;
      state.activation = node.opType === 'Softmax' ? 'softmax' : 'log-softmax';
      return undefined;
    }
    case 'Log':
      if (state.activation !== 'softmax') return 'does not follow a softmax';
      state.activation = 'log-softmax';
      return undefined;
    case 'Sigmoid':
      if (state.form !== 'scores' || state.activation !== 'none') return 'does not follow logits';
      state.activation = 'sigmoid';
      return undefined;
    case 'ArgMax':
    case 'TopK':
    case 'ReduceMax': {
      if (state.form !== 'scores') return 'works on a decision';
      if (node.opType === 'TopK' && intAttribute(node, 'largest', 1) === 0)
        return 'takes the smallest scores';
      const axes =
        node.opType === 'ReduceMax'
          ? (intsAttribute(node, 'axes') ?? staticInts(view, node.input[1]) ?? [])
          : [intAttribute(node, 'axis', node.opType === 'ArgMax' ? 0 : -1)];
      if (axes.length !== 1 || !isClassAxis(state, axes[0]))
        return 'takes the best over another axis than the classes';
      state.form = node.opType === 'ArgMax' || (node.opType === 'TopK' && step.output === node.output[1]) ? 'labels' : 'derived';
      return undefined;
    }
    case 'Gather':
    case 'ArrayFeatureExtractor':
    case 'LabelEncoder':
      if (state.form === 'scores') return 'picks among scores';
      state.form = 'derived';
      return undefined;
    case 'Normalizer':
      if (state.activation === 'none') return 'normalises scores that may be negative';
      state.form = 'derived';
      return undefined;
    case 'ZipMap':
      return undefined;
    default:
      return state.form !== 'scores' ? undefined : reshape(view, state, node, step.output, classes);
  }
}

function isClassAxis(state: State, axis: number): boolean {
  if (state.axis === undefined || state.rank === undefined) return axis === -1 || axis === 1;
  return (axis < 0 ? axis + state.rank : axis) === state.axis;
}

/** Flatten, Squeeze, Unsqueeze, Reshape: where the class axis goes. */
function reshape(
  view: GraphView,
  state: State,
  node: NodeProto,
  output: string,
  classes: number,
): string | undefined {
  const { rank, axis } = state;
  const axes = intsAttribute(node, 'axes') ?? staticInts(view, node.input[1]);
  if (node.opType === 'Flatten') {
    const from = intAttribute(node, 'axis', 1);
    const at = from < 0 && rank !== undefined ? from + rank : from;
    if (at < 1 || (axis !== undefined && at > axis)) return 'flattens the classes into the batch';
    state.rank = 2;
    state.axis = 1;
    return undefined;
  }
  if (
    (node.opType === 'Squeeze' || node.opType === 'Unsqueeze') &&
    axes &&
    rank !== undefined &&
    axis !== undefined
  ) {
    const full = node.opType === 'Squeeze' ? rank : rank + axes.length;
    const moved = new Set(axes.map((a) => (a < 0 ? a + full : a)));
    if (node.opType === 'Squeeze') {
      if (moved.has(axis)) return 'removes the axis of the classes';
      state.axis = axis - [...moved].filter((a) => a < axis).length;
      state.rank = rank - axes.length;
    } else {
      let free = -1;
      let at = -1;
      while (free < axis) if (!moved.has(++at)) free++;
      state.axis = at;
      state.rank = full;
    }
    return undefined;
  }
  // A Reshape, or a Squeeze of whatever has length 1: its target tells.
  const target =
    (node.opType === 'Reshape' ? (intsAttribute(node, 'shape') ?? axes) : undefined) ??
    view.types.get(output)?.dims;
  state.rank = target?.length;
  state.axis = undefined;
  if (!target) return undefined;
  const found = target.flatMap((length, at) => (length === classes && at > 0 ? [at] : []));
  if (found.length === 1) state.axis = found[0];
  else if (target.length === 2) state.axis = 1;
  else if (target.length === 1 && target[0] === classes) state.axis = 0;
  else if (target.length === 1) return 'joins samples and classes';
  const others = target
    .slice(1)
    .filter((length) => typeof length === 'number' && length > 1 && length !== classes);
  if (others.length > 0 || found.length > 1) return `gives the classes another shape, [${target.join(', ')}]`;
  return undefined;
}
