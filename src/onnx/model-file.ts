/** An .onnx file: its bytes, which edits start from, and the decoded message, which everything else reads. */
import { fromBinary } from '@bufbuild/protobuf';
import { type GraphProto, type ModelProto, ModelProtoSchema } from 'onnx-buf';
import { platform } from '#platform';
import { TailorError } from '../array/errors.js';
import type { FileChecksum } from '../array/platform.js';
import { checkWire, listFields } from './wire.js';

/** A model as it was read. `proto` shares memory with `bytes`: write to neither. */
export interface ModelFile {
  /** The file as it is. */
  readonly bytes: Uint8Array;
  /** The same, decoded. */
  readonly proto: ModelProto;
  /** Of `bytes`, where it was made as they were read. */
  readonly checksum?: FileChecksum;
  /** Where it was read from; undefined for bytes. */
  readonly path?: string;
  /** When the file at `path` was last changed, before it was read: milliseconds since 1970. */
  readonly modified?: number;
  /** The folder that external data is looked for in; undefined for bytes. */
  readonly folder?: string;
  /** External data held in memory, by location: what a page has instead of a folder, and looked at first. */
  readonly sideFiles?: ReadonlyMap<string, Uint8Array>;
}

/** The smallest IR version that needs `opset_import`. */
const irWithOpsets = 3n;

/**
 * Reads an ONNX model. `source` is a path or the file's bytes; `sideFiles` is external data by location, for bytes.
 *
 * Throws MODEL_INVALID with what the file is instead when it is empty, cut off, damaged or of another kind;
 * FILE_NOT_FOUND and FILE_UNREADABLE.
 */
export async function readModelFile(
  source: string | Uint8Array,
  { sideFiles }: { sideFiles?: ReadonlyMap<string, Uint8Array> } = {},
): Promise<ModelFile> {
  if (typeof source !== 'string') {
    return { bytes: source, proto: parseModel(source, 'the model'), sideFiles };
  }
  const info = await platform.info(source);
  const { bytes, checksum } = await platform.readHashed(source);
  return {
    bytes,
    checksum,
    proto: parseModel(bytes, source),
    path: source,
    modified: info?.modified,
    folder: platform.folderOf(source),
    sideFiles,
  };
}

/** Decodes a model; `name` is for messages. Throws MODEL_INVALID. */
export function parseModel(bytes: Uint8Array, name: string): ModelProto {
  if (bytes.length === 0) throw notOnnx(name, 'the file is empty (0 bytes)');
  let proto: ModelProto;
  try {
    checkWire(ModelProtoSchema, bytes);
    // Protobuf would merge several graphs; edits are addressed by position in one.
    const graphs = listFields(bytes, 0, bytes.length).filter(
      ({ field }) => field === ModelProtoSchema.field.graph.number,
    );
    if (graphs.length > 1) throw new Error(`it has ${graphs.length} graphs where one is allowed`);
    proto = fromBinary(ModelProtoSchema, bytes);
  } catch (error) {
    const other = otherKind(bytes);
    if (other) throw notOnnx(name, `it is ${other}`, error);
    if (error instanceof TailorError)
      throw new TailorError(error.code, error.message.replace('the ONNX model', `${name} as an ONNX model`), {
        cause: error,
      });
    throw notOnnx(name, (error as Error).message, error);
  }
  if (!proto.graph) {
    throw notOnnx(name, otherKind(bytes) ? `it is ${otherKind(bytes)}` : 'it decodes, but has no graph');
  }
  if (proto.irVersion < 1n) throw notOnnx(name, otherKind(bytes) ?? 'it has no IR version');
  if (proto.irVersion >= irWithOpsets && proto.opsetImport.length === 0) {
    throw notOnnx(name, 'it imports no operator set, so it was probably cut off behind its graph');
  }
  return proto;
}

/** The main graph; every model that was read has one. */
export function graphOf(file: ModelFile): GraphProto {
  return file.proto.graph as GraphProto;
}

function notOnnx(name: string, found: string, cause?: unknown): TailorError {
  return new TailorError(
    'MODEL_INVALID',
    `Reading ${name} as an ONNX model: ${found}. Give a complete .onnx file.`,
    { cause },
  );
}

/** First bytes of what people pass by mistake; looked at only when a file does not decode as ONNX. */
const signatures: readonly (readonly [at: number, magic: string, kind: string])[] = [
  [
    0,
    'PK\x03\x04',
    'a zip archive (a PyTorch .pt checkpoint, an .npz, a Keras file?): export the model to ONNX first',
  ],
  [0, '\x80\x02', 'a Python pickle (a PyTorch or scikit-learn checkpoint?): export the model to ONNX first'],
  [0, '\x80\x03', 'a Python pickle: export the model to ONNX first'],
  [0, '\x80\x04', 'a Python pickle: export the model to ONNX first'],
  [0, '\x80\x05', 'a Python pickle: export the model to ONNX first'],
  [0, 'version https://git-lfs', 'a Git LFS pointer, not the file it points to: run git lfs pull'],
  [0, '<!', 'an HTML page (a download that failed?)'],
  [0, '<html', 'an HTML page (a download that failed?)'],
  [0, '<HTML', 'an HTML page (a download that failed?)'],
  [0, '<?xml', 'an XML file'],
  [0, '{', 'a JSON text'],
  [0, '\x89PNG', 'a PNG picture'],
  [0, '\xff\xd8\xff', 'a JPEG picture'],
  [0, '\x1f\x8b', 'gzip-compressed: unpack it first'],
  [0, '\x89HDF', 'an HDF5 file (a Keras model?): convert it to ONNX first'],
  [0, '\x93NUMPY', 'a .npy array'],
  [0, 'GGUF', 'a GGUF model'],
  [4, 'TFL3', 'a TensorFlow Lite model: convert it to ONNX first'],
  [4, 'ORTM', "a model in onnxruntime's own format: use the .onnx it was made from"],
  [8, '{"', 'a safetensors file: export the model to ONNX first'],
];

function otherKind(bytes: Uint8Array): string | undefined {
  return signatures.find(([at, magic]) =>
    Array.from(magic).every((character, i) => bytes[at + i] === character.charCodeAt(0)),
  )?.[2];
}
