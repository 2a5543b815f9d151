/** The batch normalisations of a model: scale γ, shift β, running mean and variance. */

import type { NodeProto } from 'onnx-buf';
import type { FloatArray } from '../array/matrix.js';
import { quoted } from '../array/text.js';
import { dtypeOf } from './dtypes.js';
import { describeNode, floatAttribute, type GraphView, graphView, intAttribute } from './graph-view.js';
import { graphOf, type ModelFile } from './model-file.js';
import { findStatic, isRefusal, readStatic } from './static-tensor.js';
import { innerNodes } from './subgraphs.js';
import { elementCount } from './tensor-data.js';

/** One BatchNormalization of the graph: y = γ (x − mean) / √(variance + ε) + β by channel. */
export interface BatchNorm {
  /** What people know it by: the name of its γ without the usual ending ('layer1.0.bn1'), else that of the node. */
  readonly name: string;
  /** Index of the node in the graph. */
  readonly node: number;
  /** Names of the tensors that it takes and gives. */
  readonly input: string;
  readonly output: string;
  /** Number of channels. */
  readonly channels: number;
  readonly epsilon: number;
  /** True where it normalises by the batch itself (training_mode), not by what is stored. */
  readonly training: boolean;
  /** γ, [channels]: float64 for float64 models, else float32 (half precision is widened, exactly). */
  readonly scale: FloatArray;
  /** β, [channels]. */
  readonly shift: FloatArray;
  /** Running mean, [channels]. */
  readonly mean: FloatArray;
  /** Running variance, [channels]. */
  readonly variance: FloatArray;
}

/** What {@link readBatchNorms} found. */
export interface BatchNorms {
  /** In the order of the nodes. */
  readonly layers: readonly BatchNorm[];
  /** Those that could not be read. */
  readonly refused: readonly { readonly name: string; readonly reason: string }[];
  /** Where `layers` is empty: why, and what to do. */
  readonly reason?: string;
}

const PARAMETERS = ['scale', 'shift', 'mean', 'variance'] as const;

/**
 * Every BatchNormalization of the main graph whose parameters are stored in the model or beside it, of any float type;
 * through Identity and Cast as well. The errors of external data are thrown.
 */
export async function readBatchNorms(file: ModelFile): Promise<BatchNorms> {
  const view = graphView(file);
  const layers: BatchNorm[] = [];
  const refused: { name: string; reason: string }[] = [];
  for (const [index, node] of view.graph.node.entries()) {
    if (isBatchNorm(node)) {
      const read = await readOne(file, view, node, index);
      if ('reason' in read) refused.push(read);
      else layers.push(read);
    }
    for (const inner of innerNodes(node)) {
      if (isBatchNorm(inner))
        refused.push({
          name: nameOf(inner),
          reason: `it lies in a body (subgraph) of ${describeNode(node)}`,
        });
    }
  }
  for (const { name, node } of file.proto.functions) {
    for (const inner of node.filter(isBatchNorm)) {
      refused.push({ name: nameOf(inner), reason: `it lies in the model's function ${quoted(name)}` });
    }
  }
  return layers.length > 0 ? { layers, refused } : { layers, refused, reason: whyNone(file, refused) };
}

function isBatchNorm({ opType, domain }: NodeProto): boolean {
  return (domain === '' || domain === 'ai.onnx') && opType === 'BatchNormalization';
}

async function readOne(
  file: ModelFile,
  view: GraphView,
  node: NodeProto,
  index: number,
): Promise<BatchNorm | { name: string; reason: string }> {
  const name = nameOf(node);
  const values: FloatArray[] = [];
  for (const [slot, what] of PARAMETERS.entries()) {
    const found = findStatic(view, node.input[slot + 1] ?? '');
    if (isRefusal(found)) return { name, reason: `its ${what} is not stored: ${found.reason}` };
    if (!dtypeOf(found.proto.dataType) || !dtypeOf(found.dataType))
      return { name, reason: `its ${what} is not made of floating-point numbers` };
    const expected = values[0]?.length ?? elementCount(found.dims);
    if (found.dims.length !== 1 || elementCount(found.dims) !== expected)
      return {
        name,
        reason: `its ${what} has shape [${found.dims.join(', ')}]; one number per channel is needed`,
      };
    values.push(await readStatic(file, found));
  }
  const [scale, shift, mean, variance] = values;
  return {
    name,
    node: index,
    input: node.input[0],
    output: node.output[0],
    channels: scale.length,
    epsilon: floatAttribute(node, 'epsilon', 1e-5),
    training: isTraining(view, node),
    scale,
    shift,
    mean,
    variance,
  };
}

/** From opset 14 on an attribute says so; before 7 its opposite, `is_test`, did. */
function isTraining(view: GraphView, node: NodeProto): boolean {
  return view.opset() < 7
    ? intAttribute(node, 'is_test', 0) === 0
    : intAttribute(node, 'training_mode', 0) === 1;
}

function nameOf(node: NodeProto): string {
  const scale = node.input[1] ?? '';
  const stem = scale.replace(/[._/](weight|gamma|scale|g)(:\d+)?$/i, '');
  if (stem !== scale && stem !== '') return stem;
  return node.name || node.output[0] || 'BatchNormalization';
}

function whyNone(file: ModelFile, refused: BatchNorms['refused']): string {
  if (refused.length > 0)
    return `None of the ${refused.length} batch normalisations can be read: ${quoted(refused[0].name)}: ${refused[0].reason}.`;
  const count = new Map<string, number>();
  let biased = 0;
  for (const node of graphOf(file).node) {
    count.set(node.opType, (count.get(node.opType) ?? 0) + 1);
    if (/Conv/.test(node.opType) && (node.input[2] ?? '') !== '') biased++;
  }
  const other = [
    'LayerNormalization',
    'GroupNormalization',
    'InstanceNormalization',
    'RMSNormalization',
  ].find((op) => count.has(op));
  if (other)
    return `The model has no batch normalisation: it normalises by ${other}, whose scale and shift are not what Tables 2 and 3 are about.`;
  if (biased > 0)
    return (
      `The model has no batch normalisation, but ${biased} convolutions with a bias: most likely the exporter folded the batch ` +
      'normalisations into the convolutions, and γ and β cannot be told apart from the weights any more. Export again without folding: ' +
      'torch.onnx.export with dynamo=True and optimize=False, or with training=torch.onnx.TrainingMode.PRESERVE on a model in eval mode.'
    );
  return 'The model has no batch normalisation, and no convolutions that one could have been folded into.';
}
