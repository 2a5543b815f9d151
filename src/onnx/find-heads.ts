/** Finds the linear heads of a model by walking back from its outputs, and says why other outputs lead to none. */

import { TailorError } from '../array/errors.js';
import { limit } from '../array/limits.js';
import { listNames, quoted } from '../array/text.js';
import { findLogits } from './find-logits.js';
import { ancestors, type GraphView, graphView, upstreamOf } from './graph-view.js';
import type { HeadLocation, HeadOutput } from './head-location.js';
import type { ModelFile } from './model-file.js';
import { type FoundWalk, walkBack } from './walk-back.js';

/** An output that leads to no head. */
export interface RefusedOutput {
  /** Name of the output. */
  readonly output: string;
  /** In words, without a full stop. */
  readonly reason: string;
  /** True where there is a head, but one that cannot be changed safely. */
  readonly unsupported: boolean;
}

/** What was found in a model. */
export interface FoundHeads {
  /** Those that can be changed; several where outputs lead to several. */
  readonly heads: readonly HeadLocation[];
  /** The outputs that lead to none. */
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
 * Throws MODEL_INVALID for models that contradict themselves, LIMIT_EXCEEDED beyond the limit headOperators.
 */
export function findHeads(file: ModelFile): FoundHeads {
  const view = graphView(file);
  if (view.outputs.size === 0) {
    throw new TailorError(
      'MODEL_INVALID',
      'Looking for the head: the model has no outputs. Export it again.',
    );
  }
  let left = limit('headOperators');
  const walks = Array.from(view.outputs, (name) => {
    const walk = walkBack(view, name, left);
    left -= walk.steps.length;
    return walk;
  });
  const found = walks.filter((walk) => 'head' in walk);
  const refusedWalks = walks.filter((walk) => 'refusal' in walk);
  const refused: RefusedOutput[] = [];
  const refuse = (output: string, reason: string, unsupported = false) =>
    refused.push({ output, reason, unsupported });

  const groups = lastHeads(view, groupByHead(found), refuse);
  for (const { walks: group, withoutBias } of groups) {
    for (const { output } of withoutBias)
      refuse(output, `it is the head of ${quoted(group[0].output)} without its bias`);
  }
  const heads = groups.map(({ walks: group }) => toLocation(group));
  if (heads.length === 0) {
    const logits = findLogits(view, refusedWalks);
    for (const { output, refusal } of logits.refused) refuse(output, refusal.reason, refusal.unsupported);
    return { heads: logits.heads.map(({ head, outputs }) => withOutputs(head, outputs)), refused };
  }
  const before = ancestors(
    view,
    groups.map(({ walks: [walk] }) => walk.head.features),
  ).tensors;
  for (const { output, end, refusal } of refusedWalks) {
    if (before.has(output) || before.has(end)) {
      refuse(output, `it is computed before the head, not from its logits (${refusal.reason})`);
    } else {
      refuse(output, refusal.reason, refusal.unsupported);
    }
  }
  return { heads, refused };
}

interface Group {
  readonly walks: readonly FoundWalk[];
  readonly withoutBias: readonly FoundWalk[];
}

/** Walks that end at the same node are one head; where they differ in the bias, those with it are. */
function groupByHead(walks: readonly FoundWalk[]): Group[] {
  const groups = new Map<number, FoundWalk[]>();
  for (const walk of walks) {
    const group = groups.get(walk.head.node);
    if (group) group.push(walk);
    else groups.set(walk.head.node, [walk]);
  }
  return [...groups.values()].map((group) => {
    const addNode = group.find(({ head }) => head.addNode !== undefined)?.head.addNode;
    const same = group.filter(({ head }) => head.addNode === addNode);
    return { walks: same, withoutBias: group.filter(({ head }) => head.addNode !== addNode) };
  });
}

/** Without the heads whose logits become the features of another. */
function lastHeads(
  view: GraphView,
  groups: readonly Group[],
  refuse: (output: string, reason: string) => void,
): Group[] {
  if (groups.length < 2) return [...groups];
  const upstream = upstreamOf(
    view,
    groups.map(({ walks: [walk] }) => [walk.head.features]),
  );
  return groups.filter((group, i) => {
    const members = [...group.walks, ...group.withoutBias];
    const downstream = members
      .flatMap(({ end }) => upstream.get(end)?.filter((j) => j !== i) ?? [])
      .sort((a, b) => a - b)[0];
    if (downstream === undefined) return true;
    const other = groups[downstream].walks[0].output;
    for (const { output } of members) {
      refuse(output, `it is computed before the head of ${quoted(other)}, from what becomes its features`);
    }
    return false;
  });
}

function toLocation(walks: readonly FoundWalk[]): HeadLocation {
  // A LinearClassifier tells its logits by one of its outputs only.
  const { head: match } = walks.find(({ head }) => head.logits !== undefined) ?? walks[0];
  const { rank: _rank, axis: _axis, activation: _activation, form: _form, ...head } = match;
  const note = head.binary
    ? 'Two classes held as one number: its head is read as softmax rows −w/2 and w/2, and written back as that number.'
    : undefined;
  return withOutputs(
    { ...head, note },
    walks.map(({ shows }) => shows),
  );
}

function withOutputs(
  head: Omit<HeadLocation, 'output' | 'outputs' | 'activation'>,
  outputs: readonly HeadOutput[],
): HeadLocation {
  const order = ['scores', 'labels', 'derived'];
  const sorted = outputs.toSorted((a, b) => order.indexOf(a.form) - order.indexOf(b.form));
  return { ...head, output: sorted[0].name, outputs: sorted, activation: sorted[0].activation };
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
        `${doing}: the output ${quoted(output)} cannot be used: ${refusal.reason}.${choices(heads)}`,
      );
    }
    const names = [
      ...heads.flatMap(({ outputs }) => outputs.map(({ name }) => name)),
      ...refused.map((one) => one.output),
    ];
    throw new TailorError(
      'INVALID_ARGUMENT',
      `${doing}: the model has no output ${quoted(output)}; it has ${listNames(
        names.map((name) => quoted(name)),
        20,
      )}.`,
    );
  }
  if (heads.length > 1) {
    throw new TailorError(
      'HEAD_AMBIGUOUS',
      `${doing}: the model has ${heads.length} heads. Choose one: ${listNames(heads.map(choice), 20)}.`,
    );
  }
  if (heads.length === 1) return heads[0];
  throw new TailorError(
    refused.some(({ unsupported }) => unsupported) ? 'HEAD_UNSUPPORTED' : 'HEAD_NOT_FOUND',
    `${doing}: none of the model's outputs leads to a linear head that can be changed. ` +
      `${listNames(
        refused.map((one) => `${quoted(one.output)}: ${one.reason}`),
        10,
      )}. ` +
      'Heads are Gemm, MatMul with or without Add, 1×1 Conv on a pooled map, and LinearClassifier, with stored float weights.',
  );
}

const choice = (head: HeadLocation): string =>
  `--output ${head.output} (${head.classes} classes × ${head.dimensions} dimensions)`;

function choices(heads: readonly HeadLocation[]): string {
  return heads.length > 0 ? ` Use ${listNames(heads.map(choice), 20)}.` : '';
}
