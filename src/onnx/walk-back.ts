/** From a graph output back to the head behind it, through operators that keep the classes what they are. */
import { limit, limitExceeded } from '../array/limits.js';
import { quoted } from '../array/text.js';
import { isAffineStep } from './affine.js';
import { describeNode, type GraphView, type Place, plainDomain } from './graph-view.js';
import type { HeadMatch, HeadOutput } from './head-location.js';
import { matchHead } from './match-head.js';
import { matchWrittenSoftmax } from './match-softmax.js';
import { findStatic, isRefusal, type Refusal } from './static-tensor.js';
import { type Step, walkForward } from './walk-forward.js';

/** Where the walk from one output ended: at a head, or at what is none. */
export type Walk = FoundWalk | RefusedWalk;

interface WalkBase {
  readonly output: string;
  /** The tensor that the walk ended at. */
  readonly end: string;
  /** From `end` to the output. */
  readonly steps: readonly Step[];
}

/** A walk that found a head. */
export interface FoundWalk extends WalkBase {
  readonly head: HeadMatch;
  readonly shows: HeadOutput;
}

/** A walk that found none. */
export interface RefusedWalk extends WalkBase {
  readonly refusal: Refusal;
  /** True where there is a linear layer, but the way from it to the output does not keep its classes. */
  readonly misread: boolean;
}

/** Walks back from the graph output `output`, over `most` operators. LIMIT_EXCEEDED where there are more. */
export function walkBack(view: GraphView, output: string, most = limit('headOperators')): Walk {
  const steps: Step[] = [];
  const seen = new Set<string>();
  for (let end = output; ; ) {
    const stop = (refusal: Refusal, misread = false) => ({
      output,
      end,
      steps: steps.toReversed(),
      refusal,
      misread,
    });
    if (seen.has(end)) return stop({ reason: `${quoted(end)} is computed from itself (a cycle)` });
    seen.add(end);
    if (steps.length >= most)
      throw limitExceeded(
        'headOperators',
        `Looking for the head behind ${quoted(output)}: there are more operators`,
      );
    const place = view.producers.get(end);
    if (!place) return stop({ reason: whyNoProducer(view, end) });
    const node = view.graph.node[place.node];
    const head = isAffineStep(node) ? undefined : matchHead(view, end, place);
    if (head && isRefusal(head)) return stop(head);
    if (head) {
      const forward = steps.toReversed();
      const shows = walkForward(view, head, forward, output);
      return isRefusal(shows) ? stop(shows, true) : { output, end, steps: forward, head, shows };
    }
    const step = stepBack(view, place, end);
    if (isRefusal(step)) return stop(step);
    steps.push(step);
    end = step.input;
  }
}

function whyNoProducer(view: GraphView, tensor: string): string {
  if (view.inputs.has(tensor)) return `it leads to the input ${quoted(tensor)} without a linear head`;
  if (view.initializers.has(tensor)) return `it leads to the constant ${quoted(tensor)}`;
  return `nothing produces ${quoted(tensor)}`;
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
  if (written?.input) return { node, input: written.input, output, written };
  if (isAffineStep(node)) return { node, input: node.input[0] ?? '', output };
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
