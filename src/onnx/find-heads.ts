/** Finds the linear heads of a model by walking back from its outputs, and says why other outputs lead to none. */
import { TailorError } from '../array/errors.js';
import { readAffine } from './affine.js';
import { dtypeOf } from './dtypes.js';
import { ancestors, type GraphView, graphView } from './graph-view.js';
import type { HeadLocation, HeadOutput } from './head-location.js';
import type { ModelFile } from './model-file.js';
import { elementCount } from './tensor-data.js';
import { type Walk, walkBack } from './walk-back.js';

/** An output that leads to no head. */
export interface RefusedOutput {
  readonly output: string;
  readonly reason: string;
  /** True where there is a head, but one that cannot be changed safely. */
  readonly unsupported: boolean;
}

/** What {@link findHeads} found. */
export interface FoundHeads {
  readonly heads: readonly HeadLocation[];
  readonly refused: readonly RefusedOutput[];
}

/**
 * The heads of a model. Walks back from each output through softmax, log-softmax (also written out), sigmoid, ArgMax,
 * TopK, casts and changes of shape, to a Gemm, MatMul (+ Add), 1×1 Conv on a pooled map or LinearClassifier with stored
 * weights. Outputs that lead to the same head are one head; a head whose logits feed another head is not listed.
 *
 * Where no output leads to a linear head that can be changed, but the logits in front of a softmax (or behind a
 * quantised head) are plain, a head of kind `logits` is given: only a scale and a shift per class can be grafted there.
 *
 * Throws MODEL_INVALID for models that contradict themselves.
 */
export function findHeads(file: ModelFile): FoundHeads {
  const view = graphView(file);
  if (view.outputs.size === 0) {
    throw new TailorError(
      'MODEL_INVALID',
      'Looking for the head: the model has no outputs. Export it again.',
    );
  }
  const walks = [...view.outputs].map((name) => walkBack(view, name));
  const refused: RefusedOutput[] = [];
  const refuse = (walk: Walk, reason: string, unsupported = false) =>
    refused.push({ output: walk.output.name, reason, unsupported });

  let groups = groupByHead(walks.filter(({ head }) => head));
  const features = groups.map(({ walks: [walk] }) => ancestors(view, [walk.head!.features]).tensors);
  groups = groups.filter((group, i) => {
    const downstream = groups.findIndex(
      (_, j) => j !== i && group.tensors.some((tensor) => features[j].has(tensor)),
    );
    if (downstream < 0) return true;
    const other = groups[downstream].walks[0].output.name;
    for (const walk of group.walks)
      refuse(walk, `it is computed before the head of '${other}', from what becomes its features`);
    return false;
  });
  for (const group of groups) {
    for (const walk of group.withoutBias)
      refuse(walk, `it is the head of '${group.walks[0].output.name}' without its bias`);
  }
  const heads = groups.map(({ walks: found }) => toLocation(found));
  const behindHeads = new Set(
    groups.flatMap(({ walks: [walk] }) => [...ancestors(view, [walk.head!.features]).tensors]),
  );

  const affine = new Map<string, { walk: Walk; location: HeadLocation; outputs: HeadOutput[] }>();
  for (const walk of walks) {
    if (!walk.refusal) continue;
    const { reason, unsupported } = walk.refusal;
    const location = heads.length === 0 ? logitsLocation(view, walk) : undefined;
    if (location) {
      const known = affine.get(location.features);
      if (known) known.outputs.push(walk.output);
      else affine.set(location.features, { walk, location, outputs: [walk.output] });
    } else if (behindHeads.has(walk.output.name)) {
      refuse(walk, `it is computed before the head, not from its logits (${reason})`);
    } else {
      refuse(walk, reason, unsupported);
    }
  }
  for (const { location, outputs } of affine.values())
    heads.push({ ...location, outputs: preferScores(outputs) });
  return { heads, refused };
}

interface Group {
  walks: Walk[];
  withoutBias: Walk[];
  tensors: string[];
}

/** Walks that end at the same node are one head; where they differ in the bias, those with it are. */
function groupByHead(walks: readonly Walk[]): Group[] {
  const groups = new Map<number, Walk[]>();
  for (const walk of walks) {
    const node = walk.head!.node;
    groups.set(node, [...(groups.get(node) ?? []), walk]);
  }
  return [...groups.values()].map((group) => {
    const addNode = group.find(({ head }) => head?.addNode !== undefined)?.head?.addNode;
    const same = group.filter(({ head }) => head?.addNode === addNode);
    return {
      walks: same,
      withoutBias: group.filter((walk) => !same.includes(walk)),
      tensors: group.map(({ stoppedAt }) => stoppedAt),
    };
  });
}

function preferScores(outputs: readonly HeadOutput[]): HeadOutput[] {
  const order = ['scores', 'labels', 'derived'];
  return outputs.toSorted((a, b) => order.indexOf(a.form) - order.indexOf(b.form));
}

function toLocation(walks: readonly Walk[]): HeadLocation {
  const outputs = preferScores(walks.map(({ output }) => output));
  const match = (walks.find(({ head }) => head?.logits !== undefined) ?? walks[0]).head!;
  const { rank: _rank, axis: _axis, activation: _activation, ...head } = match;
  const note = head.binary
    ? 'Two classes held as one number: its head is read as softmax rows −w/2 and w/2, and written back as that number.'
    : undefined;
  return { ...head, output: outputs[0].name, outputs, activation: outputs[0].activation, note };
}

/** A head of kind `logits` for a refused walk, if its logits are plain: floats of known C, one prediction per sample. */
function logitsLocation(view: GraphView, walk: Walk): HeadLocation | undefined {
  const { refusal, softmaxInput, stoppedAt, output } = walk;
  if (!refusal || (softmaxInput === undefined && !refusal.unsupported)) return undefined;
  const affine = walk.affine.length > 0 ? readAffine(view, walk.affine) : undefined;
  const grafted = affine && view.graph.node[affine.nodes[affine.nodes.length - 1]].output[0];
  const logits = grafted ?? softmaxInput ?? stoppedAt;
  const features = affine ? view.graph.node[affine.nodes[0]].input[0] : logits;
  const place = view.producers.get(features);
  if (walk.affine.length > 0 && !affine) return undefined;
  if (!place || (softmaxInput === undefined && output.form !== 'scores')) return undefined;
  const stated = view.types.get(logits);
  const asOutput = output.form === 'scores' ? view.types.get(output.name) : undefined;
  const dtype = dtypeOf(stated?.elementType ?? asOutput?.elementType ?? 0);
  const dims = stated?.dims ?? asOutput?.dims;
  if (!dtype || !dims || dims.length < 2) return undefined;
  if (dims.slice(2).some((length) => length !== 1)) return undefined;
  const classes = typeof dims[1] === 'number' ? dims[1] : dims.length === 2 ? refusal.classes : undefined;
  if (classes === undefined || classes < 2) return undefined;
  for (const source of [affine?.scale, affine?.shift]) {
    if (source && elementCount(source.tensor.dims) !== classes) return undefined;
  }
  return {
    output: output.name,
    outputs: [output],
    kind: 'logits',
    classes,
    dimensions: classes,
    hasBias: affine?.shift !== undefined,
    dtype,
    features,
    logits,
    affine,
    activation: output.activation,
    node: place.node,
    trailing: dims.length - 2,
    note: `No linear head that can be changed (${refusal.reason}); its logits '${logits}' can be scaled and shifted per class.`,
  };
}

/**
 * The head to work on: the only one, or that of the output `output`. HEAD_NOT_FOUND with the reason for each output,
 * HEAD_UNSUPPORTED where a head exists but cannot be changed safely, HEAD_AMBIGUOUS with the choices,
 * INVALID_ARGUMENT for an output that the model does not have.
 */
export function chooseHead(
  { heads, refused }: FoundHeads,
  { output }: { output?: string } = {},
): HeadLocation {
  const doing = 'Choosing the head';
  if (output !== undefined) {
    for (const head of heads) {
      const chosen = head.outputs.find(({ name }) => name === output);
      if (chosen) return { ...head, output: chosen.name, activation: chosen.activation };
    }
    const refusal = refused.find((one) => one.output === output);
    if (refusal) {
      throw new TailorError(
        refusal.unsupported ? 'HEAD_UNSUPPORTED' : 'HEAD_NOT_FOUND',
        `${doing}: the output '${output}' cannot be used: ${refusal.reason}.${choices(heads)}`,
      );
    }
    const names = [
      ...heads.flatMap(({ outputs }) => outputs.map(({ name }) => name)),
      ...refused.map((one) => one.output),
    ];
    throw new TailorError(
      'INVALID_ARGUMENT',
      `${doing}: the model has no output '${output}'; it has ${names.map((name) => `'${name}'`).join(', ')}.`,
    );
  }
  if (heads.length > 1) {
    throw new TailorError(
      'HEAD_AMBIGUOUS',
      `${doing}: the model has ${heads.length} heads. Choose one: ${heads.map(choice).join(', ')}.`,
    );
  }
  if (heads.length === 1) return heads[0];
  throw new TailorError(
    refused.some(({ unsupported }) => unsupported) ? 'HEAD_UNSUPPORTED' : 'HEAD_NOT_FOUND',
    `${doing}: none of the model's outputs leads to a linear head that can be changed. ` +
      `${refused.map((one) => `'${one.output}': ${one.reason}`).join('; ')}. ` +
      'Heads are Gemm, MatMul with or without Add, 1×1 Conv on a pooled map, and LinearClassifier, with stored float weights.',
  );
}

const choice = (head: HeadLocation): string =>
  `--output ${head.output} (${head.classes} classes × ${head.dimensions} dimensions)`;

function choices(heads: readonly HeadLocation[]): string {
  return heads.length > 0 ? ` Use ${heads.map(choice).join(' or ')}.` : '';
}
