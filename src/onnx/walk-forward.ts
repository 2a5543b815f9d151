/** From a head forward to an output: does each operator work on the classes, and what does the output show? */

import { TensorProto_DataType as DataType, type NodeProto } from 'onnx-buf';
import { quoted } from '../array/text.js';
import { dtypeOf } from './dtypes.js';
import { describeNode, type GraphView, intAttribute, intsAttribute } from './graph-view.js';
import type { HeadMatch, HeadOutput } from './head-location.js';
import { type Refusal, staticInts } from './static-tensor.js';

/** One operator between the head and an output. `axes`: of a written-out softmax. */
export interface Step {
  readonly node: NodeProto;
  readonly input: string;
  readonly output: string;
  readonly written?: { activation: HeadOutput['activation']; axes: readonly number[] };
}

/** What a walk forward starts from. */
export type LogitsShape = Pick<HeadMatch, 'classes' | 'rank' | 'axis' | 'activation' | 'form'>;

/** What is known of a tensor on the way from the head to the output. */
interface State {
  rank: number | undefined;
  /** The axis of the classes, from the left; undefined where a Reshape hid it. */
  axis: number | undefined;
  activation: HeadOutput['activation'];
  form: HeadOutput['form'];
  /** Whether the classes are gone: behind ArgMax, TopK or a maximum. */
  decided: boolean;
}

/** Goes from the logits to the output, checks that each operator works on the class axis, and tells what it shows. */
export function walkForward(
  view: GraphView,
  { classes, rank, axis, activation, form }: LogitsShape,
  steps: readonly Step[],
  output: string,
): HeadOutput | Refusal {
  const known = rank ?? rankFromOutput(view, steps, output);
  const state: State = {
    rank: known,
    axis: axis >= 0 ? axis : known === undefined ? undefined : known + axis,
    activation,
    form,
    decided: form === 'labels',
  };
  for (const step of steps) {
    const reason = advance(view, state, step, classes);
    if (reason) return { reason: `${describeNode(step.node)} ${reason}` };
  }
  const stated = view.types.get(output)?.dims;
  if (state.form === 'scores' && stated && stated.length > 1) {
    const perSample = stated
      .slice(1)
      .reduce<number>((product, length) => product * (typeof length === 'number' ? length : Number.NaN), 1);
    if (Number.isFinite(perSample) && perSample !== classes) {
      return {
        reason: `${quoted(output)} has ${perSample} numbers per sample, but its linear layer ${classes} rows`,
      };
    }
  }
  return { name: output, activation: state.activation, form: state.form };
}

/** Whether a step is a softmax or log-softmax of any form. */
export function isSoftmax({ node, written }: Step): boolean {
  return written !== undefined || node.opType === 'Softmax' || node.opType === 'LogSoftmax';
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
    if (state.decided) return 'normalises a decision';
    if (!step.written.axes.every((axis) => isClassAxis(state, axis)))
      return 'normalises over another axis than the classes';
    normalise(state, step.written.activation);
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
      return state.decided || dtypeOf(intAttribute(node, 'to', DataType.UNDEFINED))
        ? undefined
        : 'makes scores whole numbers';
    case 'Softmax':
    case 'LogSoftmax': {
      if (state.decided) return 'normalises a decision';
      const axis = intAttribute(node, 'axis', opset >= 13 ? -1 : 1);
      // Before opset 13 all axes from `axis` on are one.
      const over = opset < 13 && state.axis !== undefined && axis >= 1 && axis <= state.axis;
      if (!over && !isClassAxis(state, axis))
        return `normalises over axis ${axis}, which is not that of the classes`;
      normalise(state, node.opType === 'Softmax' ? 'softmax' : 'log-softmax');
      return undefined;
    }
    case 'Log':
      if (state.activation !== 'softmax') return 'does not follow a softmax';
      state.activation = 'log-softmax';
      return undefined;
    case 'Sigmoid':
      if (state.decided || state.activation !== 'none') return 'does not follow logits';
      state.activation = 'sigmoid';
      return undefined;
    case 'ArgMax':
    case 'TopK':
    case 'ReduceMax': {
      if (state.decided) return 'works on a decision';
      if (node.opType === 'TopK' && intAttribute(node, 'largest', 1) === 0)
        return 'takes the smallest scores';
      const axes =
        node.opType === 'ReduceMax'
          ? (intsAttribute(node, 'axes') ?? staticInts(view, node.input[1]) ?? [])
          : [intAttribute(node, 'axis', node.opType === 'ArgMax' ? 0 : -1)];
      if (axes.length !== 1 || !isClassAxis(state, axes[0]))
        return 'takes the best over another axis than the classes';
      state.decided = true;
      state.form =
        node.opType === 'ArgMax' || (node.opType === 'TopK' && step.output === node.output[1])
          ? 'labels'
          : 'derived';
      return undefined;
    }
    case 'Gather':
    case 'ArrayFeatureExtractor':
    case 'LabelEncoder':
      if (!state.decided) return 'picks among scores';
      state.form = 'derived';
      return undefined;
    case 'Normalizer':
      if (state.activation === 'none') return 'normalises scores that may be negative';
      state.form = 'derived';
      return undefined;
    case 'ZipMap':
      return undefined;
    default:
      return state.decided ? undefined : reshape(view, state, node, step.output, classes);
  }
}

/** A softmax of log-probabilities is that of the logits; one of probabilities keeps their order, but is something else. */
function normalise(state: State, activation: HeadOutput['activation']): void {
  if (state.activation === 'softmax' || state.activation === 'sigmoid') state.form = 'derived';
  else state.activation = activation;
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
