/** A copy of a model that also gives out inner tensors, as they are or seen in a simple way. */
import { create, toBinary } from '@bufbuild/protobuf';
import {
  TensorProto_DataType as DataType,
  GraphProtoSchema,
  type NodeProto,
  type ValueInfoProto,
  ValueInfoProtoSchema,
} from 'onnx-buf';
import { TailorError } from '../array/errors.js';
import { listNames, quoted } from '../array/text.js';
import { elementTypeOf } from './element-type.js';
import { appendNodes, freshName, graphPath } from './graph-edits.js';
import { describeNode, type GraphView, graphView } from './graph-view.js';
import type { ModelFile } from './model-file.js';
import { type Attribute, nodeProto, tensorProto, valueInfo } from './protos.js';
import { type RunnableModel, runnableEdits } from './runnable.js';
import { type Edit, splice } from './splice.js';
import { namesDefinedInside } from './subgraphs.js';

/** An inner tensor and how it is to be seen. */
export interface TensorView {
  readonly tensor: string;
  /** Only its shape, int64 [rank]: costs nothing to hand out. The other fields do not matter then. */
  readonly shape?: boolean;
  /** Whether a ReLU is applied before anything else. Default no. */
  readonly relu?: boolean;
  /** Axes over which the mean is taken, 0 or above; they are dropped. The result is float32. */
  readonly averageOver?: readonly number[];
}

/** What `exposeOutputs` made. */
export interface ExposedModel extends RunnableModel {
  /** The output that shows each request, in order: the tensor's own name where it is handed out as it is. */
  readonly outputs: readonly string[];
}

/**
 * The model with `requests` as additional graph outputs, behind its own. A tensor as such is described as the file
 * describes it, else with the element type that the operators in front of it give (no type where they do not tell:
 * runtimes infer it). Views are computed by nodes behind the model's last. Nothing else is touched, byte for byte, but
 * that external data is put inside, or referred to where there is much of it, see RunnableModel.
 *
 * Three kinds of tensors come under another name: inputs of the model (through Identity, since not every runtime lets an
 * input be an output), bfloat16 ones (cast to float32: onnxruntime's JavaScript knows no bfloat16), and views.
 *
 * Throws INVALID_ARGUMENT, with the reason, for a tensor that cannot be handed out: one that is not there, that lies in a
 * subgraph or function, that is stored in the model, or that is a sequence or map. LIMIT_EXCEEDED beyond 2 GiB in bytes.
 */
export async function exposeOutputs(
  file: ModelFile,
  requests: readonly (string | TensorView)[],
): Promise<ExposedModel> {
  const view = graphView(file);
  const views = requests.map((request) => (typeof request === 'string' ? { tensor: request } : request));
  for (const { tensor } of views) {
    const reason = whyNotExposable(view, tensor, file);
    if (reason === undefined) continue;
    throw new TailorError('INVALID_ARGUMENT', `Exposing the tensor ${quoted(tensor)}: ${reason}`);
  }
  const given = new Set<string>();
  const added: NodeProto[] = [];
  const infos: ValueInfoProto[] = [];
  const outputs = views.map((wanted) => {
    const name = isPlain(view, wanted) ? wanted.tensor : addView(view, wanted, given, added);
    if (!view.outputs.has(name) && !infos.some((info) => info.name === name))
      infos.push(describe(view, wanted, name));
    return name;
  });
  const edits: Edit[] = [];
  if (added.length > 0) edits.push(appendNodes(added));
  if (infos.length > 0) edits.push(appendOutputs(infos));
  const weights = await runnableEdits(file);
  edits.push(...weights.edits);
  const bytes = edits.length > 0 ? splice(file.bytes, edits) : file.bytes;
  return { bytes, folder: weights.folder, outputs };
}

function isPlain(view: GraphView, { tensor, shape, relu, averageOver }: TensorView): boolean {
  if (shape || relu || averageOver) return false;
  return !view.inputs.has(tensor) && elementTypeOf(view, tensor) !== DataType.BFLOAT16;
}

/** Adds the nodes that compute a view; returns the name of its result. */
function addView(view: GraphView, wanted: TensorView, given: Set<string>, added: NodeProto[]): string {
  const { tensor, shape, relu, averageOver } = wanted;
  let current = tensor;
  const add = (
    op: string,
    inputs: readonly string[],
    attributes: Record<string, Attribute | undefined> = {},
  ) => {
    const name = freshName(view, given, `onnx_tailor.${op}.${tensor}`);
    added.push(nodeProto(op, inputs, [name], attributes));
    return name;
  };
  if (shape) return add('Shape', [current]);
  const type = elementTypeOf(view, tensor);
  // Processors have no kernels that average or compare bfloat16 and float16.
  const cast = type === DataType.BFLOAT16 || ((relu || averageOver) && type !== DataType.FLOAT);
  if (cast) current = add('Cast', [current], { to: DataType.FLOAT });
  if (relu) current = add('Relu', [current]);
  if (averageOver && averageOver.length > 0) {
    if (view.opset() < 18) current = add('ReduceMean', [current], { axes: averageOver, keepdims: 0 });
    else {
      const axes = tensorProto(BigInt64Array.from(averageOver, BigInt), [averageOver.length]);
      current = add('ReduceMean', [current, add('Constant', [], { value: { tensor: axes } })], {
        keepdims: 0,
      });
    }
  }
  return current === tensor ? add('Identity', [current]) : current;
}

function describe(view: GraphView, { tensor, shape, relu, averageOver }: TensorView, name: string) {
  const stated = [...view.graph.valueInfo, ...view.graph.input].find((info) => info.name === tensor);
  if (name === tensor && stated?.type) return stated;
  if (shape) return valueInfo(name, 'int64', [view.types.get(tensor)?.dims?.length ?? null]);
  const type = elementTypeOf(view, tensor);
  const dims = view.types.get(tensor)?.dims;
  if (relu || averageOver || type === DataType.BFLOAT16) {
    return valueInfo(name, 'float32', averageOver ? dims?.filter((_, i) => !averageOver.includes(i)) : dims);
  }
  return type === undefined ? create(ValueInfoProtoSchema, { name }) : valueInfo(name, type, dims);
}

function appendOutputs(output: readonly ValueInfoProto[]): Edit {
  const records = toBinary(GraphProtoSchema, create(GraphProtoSchema, { output: [...output] }));
  return { kind: 'append', into: graphPath, field: GraphProtoSchema.field.output.number, records };
}

/** The reason, and what to do, or undefined where the tensor can be handed out. */
export function whyNotExposable(view: GraphView, tensor: string, file: ModelFile): string | undefined {
  const { graph } = view;
  if (view.initializers.has(tensor) || view.sparse.has(tensor))
    return 'it is stored in the model and the same for every sample; give a tensor that is computed.';
  if (view.producers.has(tensor) || view.inputs.has(tensor)) {
    const kind = [...graph.valueInfo, ...graph.input, ...graph.output].find(({ name }) => name === tensor)
      ?.type?.value.case;
    return kind === undefined || kind === 'tensorType'
      ? undefined
      : 'it is a sequence, map or optional value; only tensors can be handed out.';
  }
  for (const node of graph.node) {
    if (!namesDefinedInside(node).has(tensor)) continue;
    const outputs = listNames(node.output.filter((name) => name !== '').map((name) => quoted(name)));
    return `it lies in a body (subgraph) of ${describeNode(node)}, which is computed apart; give what that node hands out: ${outputs}.`;
  }
  const inside = file.proto.functions.find(({ node }) => node.some(({ output }) => output.includes(tensor)));
  if (inside)
    return `it lies in the model's function ${quoted(inside.name)}, which may run several times; give the output of a node that calls it.`;
  return `the model has no such tensor${similar(view, tensor)}.`;
}

function similar(view: GraphView, tensor: string): string {
  const plain = (name: string) => name.toLowerCase().replaceAll(/[^a-z0-9]/g, '');
  const wanted = plain(tensor);
  const close = [...view.producers.keys()].filter(
    (name) =>
      wanted !== '' && plain(name) !== '' && (plain(name).includes(wanted) || wanted.includes(plain(name))),
  );
  const names = close.length > 0 ? close : [...view.producers.keys()];
  const listed = listNames(names.map((name) => quoted(name)));
  return close.length > 0 ? `; it has ${listed}` : `; its tensors are ${listed}`;
}
