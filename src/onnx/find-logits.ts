/** Logits that can be scaled and shifted per class, in models without a linear head that can be changed. */
import { quoted } from '../array/text.js';
import { isAffineStep, readAffine } from './affine.js';
import { dtypeOf } from './dtypes.js';
import { type GraphView, upstreamOf } from './graph-view.js';
import type { HeadLocation, HeadOutput } from './head-location.js';
import { rankOf } from './rank.js';
import { isRefusal } from './static-tensor.js';
import { elementCount } from './tensor-data.js';
import type { RefusedWalk } from './walk-back.js';
import { isSoftmax, type Step, walkForward } from './walk-forward.js';

type LogitsHead = Omit<HeadLocation, 'output' | 'outputs' | 'activation'> & { readonly logits: string };

/** Heads of kind `logits` by their logits, with the outputs that they lead to; and the walks that lead to none. */
export function findLogits(
  view: GraphView,
  walks: readonly RefusedWalk[],
): { heads: { head: LogitsHead; outputs: HeadOutput[] }[]; refused: RefusedWalk[] } {
  const heads = new Map<string, { head: LogitsHead; outputs: HeadOutput[] }>();
  for (const walk of walks) {
    const head = logitsOf(view, walk);
    if (head) heads.set(head.logits, { head, outputs: [] });
  }
  const refused: RefusedWalk[] = [];
  for (const walk of walks) {
    // Of all logits that the walk came by, those nearest to the refused operator change the most outputs.
    const tensors = tensorsOf(walk);
    const at = tensors.findIndex((tensor) => heads.has(tensor));
    const found = heads.get(tensors[at] ?? '');
    const shows = found && shownBy(view, found.head, walk, at);
    if (found && shows && !walk.misread) found.outputs.push(shows);
    else refused.push(walk);
  }
  const used = [...heads.values()].filter(({ outputs }) => outputs.length > 0);
  // As with linear heads: what feeds the logits of another is not the last.
  const upstream = upstreamOf(
    view,
    used.map(({ head }) => view.graph.node[head.node].input),
  );
  const last = used.filter(({ head }) => !upstream.has(head.logits));
  const kept = new Set(last);
  const dropped = new Set(
    used.filter((one) => !kept.has(one)).flatMap(({ outputs }) => outputs.map(({ name }) => name)),
  );
  return { heads: last, refused: [...refused, ...walks.filter(({ output }) => dropped.has(output))] };
}

/** The tensors that a walk came by, from its end to the output. */
const tensorsOf = ({ end, steps }: RefusedWalk): string[] => [end, ...steps.map(({ output }) => output)];

function shownBy(view: GraphView, head: LogitsHead, walk: RefusedWalk, at: number): HeadOutput | undefined {
  const shape = {
    classes: head.classes,
    rank: 2 + (head.trailing ?? 0),
    axis: 1,
    activation: 'none',
    form: 'scores',
  } as const;
  const shows = walkForward(view, shape, walk.steps.slice(at), walk.output);
  return isRefusal(shows) ? undefined : shows;
}

/** The logits of a refused walk, if they are plain: floats of known C, one prediction per sample. */
function logitsOf(view: GraphView, walk: RefusedWalk): LogitsHead | undefined {
  const { refusal, steps, misread } = walk;
  const tensors = tensorsOf(walk);
  const softmax = steps.findIndex(isSoftmax);
  if (misread || (softmax < 0 && !refusal.plain)) return undefined;
  const grafted = steps.filter(({ node }) => isAffineStep(node));
  if (grafted.length > 0) {
    const nodes = grafted.map(({ output }) => view.producers.get(output)!.node);
    const affine = readAffine(view, nodes);
    return (
      affine &&
      describe(view, walk, steps.indexOf(grafted[0]), steps.indexOf(grafted[grafted.length - 1]) + 1, affine)
    );
  }
  // Behind a refused product, what it gives are the logits; else only what goes into the softmax is known to be.
  const first = refusal.plain ? 0 : softmax;
  for (let at = first; at <= Math.max(softmax, first) && at < tensors.length; at++) {
    const head = describe(view, walk, at, at);
    if (head) return head;
  }
  return undefined;
}

/** The head whose input is the walk's tensor number `from` and whose logits are number `to`. */
function describe(
  view: GraphView,
  walk: RefusedWalk,
  from: number,
  to: number,
  affine?: HeadLocation['affine'],
): LogitsHead | undefined {
  const tensors = tensorsOf(walk);
  const [features, logits] = [tensors[from], tensors[to]];
  const place = view.producers.get(features);
  const after = walk.steps.slice(to);
  const dtype = dtypeOf(elementTypeOf(view, logits, after) ?? 0);
  const dims = dimsOf(view, logits, after);
  if (!place || !dtype || !dims || dims.length < 2 || dims.slice(2).some((length) => length !== 1))
    return undefined;
  const classes =
    typeof dims[1] === 'number' ? dims[1] : dims.length === 2 ? walk.refusal.classes : undefined;
  if (classes === undefined || classes < 2) return undefined;
  for (const source of [affine?.scale, affine?.shift]) {
    if (source && elementCount(source.tensor.dims) !== classes) return undefined;
  }
  return {
    kind: 'logits',
    classes,
    dimensions: classes,
    hasBias: affine?.shift !== undefined,
    dtype,
    features,
    logits,
    affine,
    node: place.node,
    trailing: dims.length - 2,
    note: `No linear head that can be changed (${walk.refusal.reason}); its logits ${quoted(logits)} can be scaled and shifted per class.`,
  };
}

const shapeKeeping = new Set([
  'Identity',
  'Cast',
  'Dropout',
  'Softmax',
  'LogSoftmax',
  'Log',
  'Sigmoid',
  'Mul',
  'Add',
]);
const typeKeeping = new Set(
  [...shapeKeeping, 'Reshape', 'Flatten', 'Squeeze', 'Unsqueeze'].filter((op) => op !== 'Cast'),
);

/** Stated shape of a tensor, or of one behind it that has the same. */
function dimsOf(
  view: GraphView,
  tensor: string,
  after: readonly Step[],
): readonly (number | string | null)[] | undefined {
  const stated = statedAlong(view, tensor, after, shapeKeeping, (name) => view.types.get(name)?.dims);
  // An output of two dimensions that is only flattened on the way tells C, too.
  return stated ?? (rankOf(view, tensor) === 2 ? [null, null] : undefined);
}

function elementTypeOf(view: GraphView, tensor: string, after: readonly Step[]): number | undefined {
  return statedAlong(
    view,
    tensor,
    after,
    typeKeeping,
    (name) => view.types.get(name)?.elementType || undefined,
  );
}

function statedAlong<T>(
  view: GraphView,
  tensor: string,
  after: readonly Step[],
  through: ReadonlySet<string>,
  look: (name: string) => T | undefined,
): T | undefined {
  let found = look(tensor);
  for (const { node, written, output } of after) {
    if (
      found !== undefined ||
      !(written || through.has(node.opType)) ||
      view.producers.get(output)?.slot !== 0
    )
      break;
    found = look(output);
  }
  return found;
}
