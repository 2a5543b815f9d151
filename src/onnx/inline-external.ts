/** Puts external data into the model itself, so that its bytes alone make a session. */
import { TailorError } from '../array/errors.js';
import { externalReference, isExternal, readExternal, storedTensors } from './external-data.js';
import { graphPath, setTensorData } from './graph-edits.js';
import { graphOf, type ModelFile } from './model-file.js';
import { type Edit, splice } from './splice.js';
import { elementCount, tensorDims } from './tensor-data.js';

/** Protobuf's own limit of a message, which onnxruntime keeps to. */
const largestModel = 2 ** 31 - 1;

/** Bits of an element in `raw_data` by ONNX's number of the type; strings cannot be external. */
const bitsOf: Readonly<Record<number, number>> = {
  ...{ 1: 32, 2: 8, 3: 8, 4: 16, 5: 16, 6: 32, 7: 64, 9: 8, 10: 16, 11: 64, 12: 32, 13: 64, 14: 64, 15: 128 },
  ...{ 16: 16, 17: 8, 18: 8, 19: 8, 20: 8, 21: 4, 22: 4, 23: 4, 24: 8, 25: 2, 26: 2 },
};

/** The model's bytes with all external data inside. LIMIT_EXCEEDED beyond 2 GiB; the errors of external data. */
export async function inlineExternalData(file: ModelFile): Promise<Uint8Array> {
  const edits = await inlineEdits(file);
  return edits.length > 0 ? splice(file.bytes, edits) : file.bytes;
}

/** The edits that do it, for the tensors of `needed` nodes and names only, where given. */
export async function inlineEdits(
  file: ModelFile,
  needed?: { readonly tensors: ReadonlySet<string>; readonly nodes: ReadonlySet<number> },
): Promise<Edit[]> {
  const edits: Edit[] = [];
  let total = file.bytes.length;
  const wanted = needed && ((node: number) => needed.nodes.has(node));
  for (const { tensor, path } of storedTensors(graphOf(file), graphPath, wanted)) {
    const initializer = path.length === graphPath.length + 1;
    if (!isExternal(tensor) || (initializer && needed && !needed.tensors.has(tensor.name))) continue;
    const bits = bitsOf[tensor.dataType];
    if (!bits) {
      throw new TailorError(
        'MODEL_INVALID',
        `Reading external data: tensor '${tensor.name}' has a type that cannot be external. Export the model again.`,
      );
    }
    const bytes = Math.ceil((elementCount(tensorDims(tensor)) * bits) / 8);
    total += bytes;
    if (total > largestModel) {
      throw new TailorError(
        'LIMIT_EXCEEDED',
        `Opening the model: with the external data in '${externalReference(tensor).location}' it passes 2 GiB, more than one message can hold. Extract the features elsewhere and go on from the .npz file.`,
      );
    }
    const rawData = (await readExternal(file, tensor, bytes)) as Uint8Array<ArrayBuffer>;
    edits.push(setTensorData(path, { rawData }));
  }
  return edits;
}
