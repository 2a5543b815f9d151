/** Cuts the feature extractor out of a model: the same nodes, but the features and logits as outputs. */
import { GraphProtoSchema, ModelProtoSchema, type NodeProto } from 'onnx-buf';
import { TailorError } from '../array/errors.js';
import { dataTypeOf } from './dtypes.js';
import {
  appendInitializer,
  appendInput,
  appendNodes,
  freshName,
  graphPath,
  initializerPath,
  inputPath,
  nodePath,
  setFloatsAttribute,
  setNodeOutput,
  setOutputs,
  setStringAttribute,
} from './graph-edits.js';
import { ancestors, attributeOf, type GraphView, graphView } from './graph-view.js';
import type { HeadLocation } from './head-location.js';
import { classifierParameters } from './linear-classifier.js';
import type { ModelFile } from './model-file.js';
import { nodeProto, tensorProto, valueInfo } from './protos.js';
import { type RunnableModel, type RunnableOptions, runnableEdits } from './runnable.js';
import { type Edit, type FieldPath, splice } from './splice.js';

/** An extractor: a whole model, and the names of its outputs. */
export interface CutModel extends RunnableModel {
  /** Output [N, D]: float64 for float64 heads, else float32. */
  readonly features: string;
  /** Output [N, C] of the same type. For kind `logits` the same output as `features`. */
  readonly logits: string;
}

/**
 * The model up to the head, the head's own nodes included: outputs are the features and the logits, as [N, D] and
 * [N, C] float32 (float64 for float64 heads; dimensions of length 1 flattened away, half precision cast). What neither
 * depends on is taken out, graph inputs as well: feed the inputs that the cut model declares. External data is put
 * inside, or referred to where there is much of it, see RunnableModel. A LinearClassifier gives its logits without its post_transform.
 *
 * LIMIT_EXCEEDED where a model given as bytes passes 2 GiB with its external data; the errors of external data.
 */
export async function cutExtractor(
  file: ModelFile,
  location: HeadLocation,
  options: RunnableOptions = {},
): Promise<CutModel> {
  const view = graphView(file);
  const given = new Set<string>();
  const edits: Edit[] = [];
  const added: NodeProto[] = [];
  const type = location.dtype === 'float64' ? 'float64' : 'float32';
  const addOutput = (tensor: string, half?: 'half'): string => {
    let current = tensor;
    const add = (op: string, inputs: readonly string[], attributes = {}) => {
      const name = freshName(view, given, `onnx_tailor.${op}.${tensor}`);
      added.push(nodeProto(op, inputs, [name], attributes));
      current = name;
    };
    const stated = view.types.get(tensor);
    const wanted = dataTypeOf[type];
    // A LinearClassifier takes any numbers and gives float32 scores; elsewhere all have the head's type.
    const has =
      location.kind !== 'linear-classifier'
        ? dataTypeOf[location.dtype]
        : tensor === location.features
          ? stated?.elementType
          : wanted;
    if (has !== wanted) add('Cast', [current], { to: wanted });
    const flat =
      location.kind === 'gemm' || location.kind === 'linear-classifier' || stated?.dims?.length === 2;
    if (!flat) add('Flatten', [current], { axis: 1 });
    if (half) {
      const factor = freshName(view, given, 'onnx_tailor.half');
      edits.push(appendInitializer(tensorProto(Float32Array.of(0.5), [1], { name: factor })));
      if (view.irVersion < 4) edits.push(appendInput(valueInfo(factor, 'float32', [1])));
      add('Mul', [current, factor], view.opset() < 7 ? { broadcast: 1 } : {});
    }
    // A graph input cannot be a graph output under its own name in every runtime.
    if (current === tensor && !view.producers.has(tensor)) add('Identity', [current]);
    return current;
  };

  const logitsTensor =
    location.kind === 'linear-classifier' ? classifierLogits(view, location, given, edits) : location.logits;
  if (logitsTensor === undefined)
    throw new TailorError('INVALID_ARGUMENT', 'Cutting the extractor: the location has no logits.');
  const features = addOutput(location.features);
  const logits =
    logitsTensor === location.features ? features : addOutput(logitsTensor, location.binary && 'half');
  if (added.length > 0) edits.push(appendNodes(added));
  const outputs = [valueInfo(features, type, [null, location.dimensions])];
  if (logits !== features) outputs.push(valueInfo(logits, type, [null, location.classes]));
  edits.push(setOutputs(outputs));

  // The scores of a LinearClassifier have a new name, but its labels still lead to it.
  const source =
    location.kind === 'linear-classifier' ? view.graph.node[location.node].output[0] : logitsTensor;
  const needed = ancestors(view, [location.features, source]);
  edits.push(...pruneEdits(view, needed));
  edits.push({
    kind: 'set',
    into: [],
    fields: [ModelProtoSchema.field.trainingInfo.number],
    records: new Uint8Array(),
  });
  const weights = await runnableEdits(file, needed, options);
  edits.push(...weights.edits);
  return { bytes: splice(file.bytes, edits), folder: weights.folder, features, logits };
}

/** Takes the activation off a LinearClassifier and writes binary ones as two mirrored rows; returns its scores' name. */
function classifierLogits(
  view: GraphView,
  location: HeadLocation,
  given: Set<string>,
  edits: Edit[],
): string {
  const index = location.node;
  const node = view.graph.node[index];
  if (attributeOf(node, 'post_transform'))
    edits.push(setStringAttribute(view, index, 'post_transform', 'NONE'));
  const found = classifierParameters(node);
  if (found && location.binary === 'one-row') {
    const { coefficients, intercepts } = found;
    edits.push(
      setFloatsAttribute(view, index, 'coefficients', [...coefficients.map((w) => -w), ...coefficients]),
    );
    edits.push(setFloatsAttribute(view, index, 'intercepts', [...intercepts.map((b) => -b), ...intercepts]));
  }
  // Under a name of its own: what was said of the scores (probabilities, say) no longer holds.
  const scores = freshName(view, given, 'onnx_tailor.scores');
  edits.push(setNodeOutput(view, index, 1, scores));
  return scores;
}

function pruneEdits(view: GraphView, needed: { tensors: Set<string>; nodes: Set<number> }): Edit[] {
  const edits: Edit[] = [];
  const remove = (at: FieldPath) => edits.push({ kind: 'remove', at });
  const { graph } = view;
  const field = GraphProtoSchema.field;
  graph.node.forEach((_, index) => {
    if (!needed.nodes.has(index)) remove(nodePath(index));
  });
  graph.initializer.forEach((tensor, index) => {
    if (!needed.tensors.has(tensor.name)) remove(initializerPath(index));
  });
  graph.input.forEach((input, index) => {
    if (!needed.tensors.has(input.name)) remove(inputPath(index));
  });
  graph.sparseInitializer.forEach((sparse, index) => {
    if (!needed.tensors.has(sparse.values?.name ?? ''))
      remove([...graphPath, [field.sparseInitializer.number, index]]);
  });
  graph.valueInfo.forEach((info, index) => {
    if (!needed.tensors.has(info.name)) remove([...graphPath, [field.valueInfo.number, index]]);
  });
  graph.quantizationAnnotation.forEach((annotation, index) => {
    if (!needed.tensors.has(annotation.tensorName))
      remove([...graphPath, [field.quantizationAnnotation.number, index]]);
  });
  return edits;
}
