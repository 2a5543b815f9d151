/**
 * What onnxruntime is given to run. Small models stand alone, external data inside. Large ones refer to the files that they
 * came from, their own .onnx file included: onnxruntime maps those into memory, so that no weight is copied, and the 2 GiB
 * that a message can hold are no limit.
 */

import { platform } from '#platform';
import { TailorError } from '../array/errors.js';
import { quoted } from '../array/text.js';
import {
  externalReference,
  isExternal,
  locateExternal,
  readExternal,
  storedTensors,
} from './external-data.js';
import { graphPath, setTensorData, setTensorReference } from './graph-edits.js';
import { graphOf, type ModelFile } from './model-file.js';
import { type Edit, splice } from './splice.js';
import { elementCount, tensorDims } from './tensor-data.js';

/** A model to be run. */
export interface RunnableModel {
  readonly bytes: Uint8Array;
  /** Folder that the bytes' external data lies in; undefined where they stand alone. */
  readonly folder?: string;
}

/** When weights are referred to. */
export interface RunnableOptions {
  /** Bytes, external data included, above which they are. Default 256 MiB: below, a copy costs less than another way of failing. */
  readonly referAbove?: number;
}

/** The nodes (by index) and tensors (by name) of the main graph that are kept. */
export interface NeededParts {
  readonly tensors: ReadonlySet<string>;
  readonly nodes: ReadonlySet<number>;
}

/** Protobuf's own limit of a message, which onnxruntime keeps to. */
const LARGEST_MESSAGE = 2 ** 31 - 1;

const REFER_ABOVE = 2 ** 28;

/** Embedded tensors below this many bytes stay where they are: mapping costs more than copying. */
const LEAST_REFERRED = 2 ** 16;

/** Bits of an element in `raw_data` by ONNX's number of the type; strings cannot be external. */
const BITS: Readonly<Record<number, number>> = {
  ...{ 1: 32, 2: 8, 3: 8, 4: 16, 5: 16, 6: 32, 7: 64, 9: 8, 10: 16, 11: 64, 12: 32, 13: 64, 14: 64, 15: 128 },
  ...{ 16: 16, 17: 8, 18: 8, 19: 8, 20: 8, 21: 4, 22: 4, 23: 4, 24: 8, 25: 2, 26: 2 },
};

/**
 * The model as a whole, to be run.
 * LIMIT_EXCEEDED beyond 2 GiB where they cannot be (a model of which only bytes were given); the errors of external data.
 */
export async function makeRunnable(file: ModelFile, options: RunnableOptions = {}): Promise<RunnableModel> {
  const { edits, folder } = await runnableEdits(file, undefined, options);
  return { bytes: edits.length > 0 ? splice(file.bytes, edits) : file.bytes, folder };
}

/** The edits that make it so, for the tensors of `needed` nodes and names only, where given; and the folder. */
export async function runnableEdits(
  file: ModelFile,
  needed?: NeededParts,
  { referAbove = REFER_ABOVE }: RunnableOptions = {},
): Promise<{ edits: Edit[]; folder?: string }> {
  const wanted = needed && ((node: number) => needed.nodes.has(node));
  const stored = [...storedTensors(graphOf(file), graphPath, wanted)].map((one) => {
    const initializer = one.path.length === graphPath.length + 1;
    const external = isExternal(one.tensor);
    return { ...one, initializer, bytes: external ? externalBytes(one.tensor) : one.tensor.rawData.length };
  });
  const used = stored.filter(
    ({ initializer, tensor }) => !(initializer && needed && !needed.tensors.has(tensor.name)),
  );
  const outside = used.filter(({ tensor }) => isExternal(tensor));
  const total = file.bytes.length + outside.reduce((sum, { bytes }) => sum + bytes, 0);
  const folder = total > referAbove ? await foldersRealPath(file) : undefined;
  const edits: Edit[] = [];
  let size = file.bytes.length;
  for (const { tensor, path, bytes, initializer } of outside) {
    // onnxruntime looks for the data of initializers alone in files.
    if (folder !== undefined && initializer && 'path' in (await locateExternal(file, tensor, bytes)))
      continue;
    size += bytes;
    if (size > LARGEST_MESSAGE) throw tooLarge(externalReference(tensor).location);
    const rawData = (await readExternal(file, tensor, bytes)) as Uint8Array<ArrayBuffer>;
    edits.push(setTensorData(path, { rawData }));
  }
  const location = folder === undefined ? undefined : await nameInside(folder, file);
  if (location !== undefined) {
    for (const { tensor, path, bytes, initializer } of used) {
      if (isExternal(tensor) || !initializer || bytes < LEAST_REFERRED) continue;
      const offset = tensor.rawData.byteOffset - file.bytes.byteOffset;
      edits.push(setTensorReference(path, { location, offset, length: bytes }));
    }
  }
  return { edits, folder };
}

function externalBytes(tensor: Parameters<typeof tensorDims>[0]): number {
  const bits = BITS[tensor.dataType];
  if (bits) return Math.ceil((elementCount(tensorDims(tensor)) * bits) / 8);
  throw new TailorError(
    'MODEL_INVALID',
    `Reading external data: tensor ${quoted(tensor.name)} has a type that cannot be external. Export the model again.`,
  );
}

async function foldersRealPath({ folder }: ModelFile): Promise<string | undefined> {
  return folder === undefined ? undefined : platform.realPath(folder);
}

/**
 * The name under which the file that was read lies in `folder`; undefined where it is another by now, or lies elsewhere
 * behind a link: its weights then stay in the bytes, which are what was read.
 */
async function nameInside(folder: string, { path, bytes, modified }: ModelFile): Promise<string | undefined> {
  const info = path === undefined ? undefined : await platform.info(path);
  if (path === undefined || info?.modified !== modified || info?.bytes !== bytes.length) return undefined;
  const real = await platform.realPath(path);
  return platform.folderOf(real) === folder ? platform.baseName(real) : undefined;
}

function tooLarge(location: string): TailorError {
  return new TailorError(
    'LIMIT_EXCEEDED',
    `Opening the model: with the external data in ${quoted(location)} it passes 2 GiB, more than one message can hold. ` +
      'Open it by its path, so that onnxruntime reads the weights from the files.',
  );
}
