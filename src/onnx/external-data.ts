/** Tensor data that lies in a file beside the model (TensorProto.external_data). */

import {
  AttributeProtoSchema,
  TensorProto_DataLocation as DataLocation,
  type GraphProto,
  GraphProtoSchema,
  NodeProtoSchema,
  SparseTensorProtoSchema,
  type TensorProto,
} from 'onnx-buf';
import { platform } from '#platform';
import { type ByteSource, openByteSource } from '../array/byte-source.js';
import { TailorError } from '../array/errors.js';
import { quoted } from '../array/text.js';
import type { ModelFile } from './model-file.js';
import type { FieldPath } from './splice.js';

/** Where the data of an external tensor lies. */
export interface ExternalReference {
  readonly location: string;
  readonly offset: number;
  /** Bytes; undefined where the file does not say. */
  readonly length: number | undefined;
}

/** Whether the tensor's data lies in another file. */
export function isExternal(tensor: TensorProto): boolean {
  return tensor.dataLocation === DataLocation.EXTERNAL;
}

/** Throws MODEL_INVALID where entries are missing or not numbers, PATH_FORBIDDEN where the location leaves the folder. */
export function externalReference(tensor: TensorProto): ExternalReference {
  const entries = new Map(tensor.externalData.map(({ key, value }) => [key, value]));
  const location = entries.get('location') ?? '';
  if (location === '') {
    throw new TailorError(
      'MODEL_INVALID',
      `Reading the external data of tensor ${quoted(tensor.name)}: its location is missing. Export the model again.`,
    );
  }
  assertInsideFolder(location, tensor.name);
  return {
    location,
    offset: wholeNumber(entries.get('offset'), 'offset', tensor.name) ?? 0,
    length: wholeNumber(entries.get('length'), 'length', tensor.name),
  };
}

function wholeNumber(text: string | undefined, key: string, name: string): number | undefined {
  if (text === undefined || text === '') return undefined;
  const value = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
  if (!Number.isSafeInteger(value)) {
    throw new TailorError(
      'MODEL_INVALID',
      `Reading the external data of tensor ${quoted(name)}: its ${key} is ${quoted(text)}; it must be a whole number of bytes.`,
    );
  }
  return value;
}

function assertInsideFolder(location: string, name: string): void {
  const bad =
    location.includes('\0') ||
    /^[/\\]/.test(location) ||
    /^[a-z]:/i.test(location) ||
    /^[a-z][a-z0-9+.-]*:/i.test(location) ||
    location.split(/[/\\]/).includes('..');
  if (bad) forbidden(location, name);
}

function forbidden(location: string, name: string): never {
  throw new TailorError(
    'PATH_FORBIDDEN',
    `Reading the external data of tensor ${quoted(name)}: its location ${quoted(location)} leads out of the model's folder. ` +
      'Only files inside that folder are read; put the data beside the model.',
  );
}

/** Where `bytes` bytes of external data were found: in memory, or at an offset of a file inside the model's folder. */
export type ExternalPlace =
  | { readonly held: Uint8Array }
  | { readonly path: string; readonly offset: number; readonly mark?: string };

/**
 * Reads exactly `bytes` bytes of external data. FILE_NOT_FOUND, PATH_FORBIDDEN, MODEL_INVALID past the end of the file, FILE_CHANGED
 * where the file is another than when it was first looked at for this model.
 */
export async function readExternal(file: ModelFile, tensor: TensorProto, bytes: number): Promise<Uint8Array> {
  const place = await locateExternal(file, tensor, bytes);
  return 'held' in place ? place.held : platform.readRange(place.path, place.offset, bytes, place.mark);
}

/** Marks of the files of external data, by path, as they were when they were first looked at. */
const firstMarks = new WeakMap<ModelFile, Map<string, string | undefined>>();

function assertSameFile(file: ModelFile, path: string, mark: string | undefined): void {
  const marks = firstMarks.get(file) ?? new Map<string, string | undefined>();
  firstMarks.set(file, marks);
  if (!marks.has(path)) marks.set(path, mark);
  if (marks.get(path) === mark) return;
  throw new TailorError(
    'FILE_CHANGED',
    `Reading the external data in ${path}: the file was changed after the model was opened. Run again when nothing writes to it.`,
  );
}

/** FILE_CHANGED where external data that was used is another by now: what was computed with it is of neither. */
export async function assertExternalDataSame(file: ModelFile): Promise<void> {
  for (const path of firstMarks.get(file)?.keys() ?? []) {
    assertSameFile(file, path, (await platform.info(path))?.mark);
  }
}

/** A file of external data whole, to be copied; the same checks as of one that is read, but of its size. */
export async function openExternalFile(file: ModelFile, location: string): Promise<ByteSource> {
  const held = file.sideFiles?.get(location);
  if (held) return openByteSource(held, location);
  const path = await platform.realPath(platform.joinPath(file.folder!, location));
  assertSameFile(file, path, (await platform.info(path))?.mark);
  return openByteSource(path);
}

/** As `readExternal`, with all its refusals, but nothing is read. */
export async function locateExternal(
  file: ModelFile,
  tensor: TensorProto,
  bytes: number,
): Promise<ExternalPlace> {
  const { location, offset, length = bytes } = externalReference(tensor);
  const doing = `Reading the external data of tensor ${quoted(tensor.name)} from ${quoted(location)}`;
  if (length !== bytes) {
    throw new TailorError(
      'MODEL_INVALID',
      `${doing}: the model says ${length} bytes, but the tensor's shape needs ${bytes}. Export the model again.`,
    );
  }
  const held = file.sideFiles?.get(location);
  if (held) {
    if (offset + bytes > held.length) throw pastTheEnd(doing, offset, bytes, held.length);
    return { held: held.subarray(offset, offset + bytes) };
  }
  if (file.folder === undefined) {
    throw new TailorError(
      'FILE_NOT_FOUND',
      `${doing}: the model was given as bytes, so there is no folder to look in. Open it by its path, or pass the file in sideFiles.`,
    );
  }
  const path = platform.joinPath(file.folder, location);
  const info = await platform.info(path);
  if (info?.kind !== 'file') {
    throw new TailorError('FILE_NOT_FOUND', `${doing}: ${path} is not there. Put it beside the model.`);
  }
  // A symbolic link may lead out where the text of the location does not.
  const folder = await platform.realPath(file.folder);
  const real = await platform.realPath(path);
  const inside =
    real.startsWith(folder) && (/[/\\]$/.test(folder) || /[/\\]/.test(real[folder.length] ?? ''));
  if (!inside) forbidden(location, tensor.name);
  assertSameFile(file, real, info.mark);
  if (offset + bytes > info.bytes) throw pastTheEnd(doing, offset, bytes, info.bytes);
  return { path: real, offset, mark: info.mark };
}

function pastTheEnd(doing: string, offset: number, bytes: number, size: number): TailorError {
  return new TailorError(
    'MODEL_INVALID',
    `${doing}: it needs bytes ${offset} to ${offset + bytes}, but the file has ${size}. The file is cut off or another model's; get it again.`,
  );
}

/** A stored tensor and where it lies in the file. */
export interface StoredTensor {
  readonly tensor: TensorProto;
  readonly path: FieldPath;
}

const graphField = GraphProtoSchema.field;
const attributeField = AttributeProtoSchema.field;

/**
 * Every tensor stored in a graph: initializers, sparse ones and attributes, in subgraphs as well. `keep` leaves out nodes
 * of the outermost graph. Iterative.
 */
export function* storedTensors(
  graph: GraphProto,
  path: FieldPath,
  keep: (node: number) => boolean = () => true,
): Generator<StoredTensor> {
  const open: { body: GraphProto; at: FieldPath }[] = [{ body: graph, at: path }];
  for (let part = open.pop(); part; part = open.pop()) {
    const { body, at } = part;
    for (const [i, tensor] of body.initializer.entries()) {
      yield { tensor, path: [...at, [graphField.initializer.number, i]] };
    }
    for (const [i, sparse] of body.sparseInitializer.entries()) {
      const inside: FieldPath = [...at, [graphField.sparseInitializer.number, i]];
      if (sparse.values)
        yield { tensor: sparse.values, path: [...inside, [SparseTensorProtoSchema.field.values.number, 0]] };
      if (sparse.indices)
        yield {
          tensor: sparse.indices,
          path: [...inside, [SparseTensorProtoSchema.field.indices.number, 0]],
        };
    }
    for (const [n, node] of body.node.entries()) {
      if (body === graph && !keep(n)) continue;
      for (const [a, attribute] of node.attribute.entries()) {
        const inside: FieldPath = [
          ...at,
          [graphField.node.number, n],
          [NodeProtoSchema.field.attribute.number, a],
        ];
        if (attribute.t) yield { tensor: attribute.t, path: [...inside, [attributeField.t.number, 0]] };
        for (const [i, tensor] of attribute.tensors.entries()) {
          yield { tensor, path: [...inside, [attributeField.tensors.number, i]] };
        }
        if (attribute.g) open.push({ body: attribute.g, at: [...inside, [attributeField.g.number, 0]] });
        for (const [i, g] of attribute.graphs.entries()) {
          open.push({ body: g, at: [...inside, [attributeField.graphs.number, i]] });
        }
      }
    }
  }
}
