/** Which of the given files a place can use; what it cannot is said in words before any byte is read. */
import { formatOfName } from '../../array/array-format.js';
import type { DataInput, FileInput } from '../engine/protocol.js';
import type { FoundFile } from './dropped.js';
import { type FileKind, KIND_WORDS, kindOf } from './kind.js';

/** Files that a place does not take. */
export interface Refusal {
  readonly refused: string;
  readonly hint: string;
}

/** A model with what lies beside it. */
export interface ModelFiles {
  readonly file: FileInput;
  readonly sideFiles: readonly FileInput[];
}

/** Where each kind belongs; said where it was dropped elsewhere. */
const BELONGS: Readonly<Record<FileKind, string>> = {
  model: 'Drop it under 1, Your model.',
  features: 'Drop it under 2, Your data.',
  array: 'Features and labels belong in one .npz: numpy.savez(file, features=…, labels=…).',
  text: 'Class counts are dropped under 2, at Training samples by class.',
  picture: 'Pictures go under 2, Your data, as a folder with one subfolder per class.',
  archive: 'Unpack it first.',
  weights: 'Export the network to .onnx first (in PyTorch: torch.onnx.export).',
  other:
    'A model is an .onnx file, data are a feature file (.npz, .safetensors, .parquet) or a folder of pictures.',
};

function asInput({ path, file }: FoundFile): FileInput {
  return { name: path.slice(path.lastIndexOf('/') + 1), data: file };
}

function refusal(found: readonly FoundFile[], wanted: string): Refusal {
  const [{ path }] = found;
  const kind = kindOf(path);
  const more = found.length > 1 ? ` (and ${found.length - 1} more)` : '';
  return {
    refused: `${asInput(found[0]).name}${more} is ${KIND_WORDS[kind]}; here ${wanted} is needed.`,
    hint: BELONGS[kind],
  };
}

/** The .onnx among the files; others of unknown kind may be its external data. */
export function modelFiles(found: readonly FoundFile[]): ModelFiles | Refusal {
  const models = found.filter(({ path }) => kindOf(path) === 'model');
  if (models.length > 1) {
    return { refused: `${models.length} models were given.`, hint: 'Give one at a time.' };
  }
  if (models.length === 0) {
    // A file without a telling name is for the reader of models to judge.
    if (found.length === 1 && kindOf(found[0].path) === 'other') {
      return { file: asInput(found[0]), sideFiles: [] };
    }
    return refusal(found, 'an .onnx file');
  }
  const beside = found.filter(({ path }) => ['other', 'weights'].includes(kindOf(path)));
  return { file: asInput(models[0]), sideFiles: beside.map(asInput) };
}

/** A feature file, or the pictures of a folder. */
export function dataFiles(found: readonly FoundFile[]): DataInput | Refusal {
  const wanted = 'a feature file (.npz, .safetensors, .parquet) or a folder of pictures';
  // Not by kind: .safetensors may be the weights of a network as well.
  const features = found.filter(({ path }) => formatOfName(path));
  if (features.length > 1) {
    return { refused: `${features.length} feature files were given.`, hint: 'Give one for each set.' };
  }
  if (features.length === 1) return { kind: 'npz', file: asInput(features[0]) };
  const isInFolder = found.some(({ path }) => path.includes('/'));
  if (isInFolder) {
    // Which files are pictures is for the reader of folders to say.
    return { kind: 'pictures', files: found.map(({ path, file }) => ({ path, data: file })) };
  }
  if (found.some(({ path }) => kindOf(path) === 'picture')) {
    return {
      refused: `${found.length === 1 ? 'A picture' : 'Pictures'} without a folder: their classes are not known.`,
      hint: 'Give the folder that has one subfolder per class.',
    };
  }
  if (found.length === 1 && kindOf(found[0].path) === 'other') {
    return { kind: 'npz', file: asInput(found[0]) };
  }
  return refusal(found, wanted);
}

/** A file with class counts. */
export function countsFile(found: readonly FoundFile[]): FileInput | Refusal {
  if (found.length > 1) return { refused: `${found.length} files were given.`, hint: 'Give one.' };
  const kind = kindOf(found[0].path);
  if (kind === 'text' || kind === 'features' || kind === 'other' || formatOfName(found[0].path))
    return asInput(found[0]);
  return refusal(found, 'a .json, .txt or .npz with counts or labels');
}

/** Whether files were refused. */
export function isRefusal<T extends object>(result: T | Refusal): result is Refusal {
  return 'refused' in result;
}
