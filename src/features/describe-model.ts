/** The inspect document: what is in a model file, also where no head can be used. */
import { platform } from '#platform';
import { TailorError } from '../array/errors.js';
import { rowNorms } from '../array/linear-head.js';
import type { Preprocess } from '../data/preprocess.js';
import { type FoundHeads, findHeads } from '../onnx/find-heads.js';
import { graphView } from '../onnx/graph-view.js';
import type { HeadLocation } from '../onnx/head-location.js';
import { readMetadata } from '../onnx/metadata.js';
import { type ModelFile, readModelFile } from '../onnx/model-file.js';
import { readHead } from '../onnx/read-head.js';
import type { ValueInfo } from '../runtime/session.js';
import { readFacts } from './model-metadata.js';
import { modelValues, pictureDefaults } from './model-values.js';

/** A head as inspect shows it. */
export interface HeadDescription {
  /** The output it was found from. */
  readonly output: string;
  /** How the head is written in the graph. */
  readonly kind: HeadLocation['kind'];
  /** C. */
  readonly classes: number;
  /** D. */
  readonly dimensions: number;
  /** Whether the model stores a bias. */
  readonly bias: boolean;
  /** Number type of its weight. */
  readonly dtype: HeadLocation['dtype'];
  /** Name of the tensor that the head takes. */
  readonly features: string;
  /** Name of the tensor before the activation; absent where the model computes none. */
  readonly logits?: string;
  /** What follows the logits on the way to `output`. */
  readonly activation: HeadLocation['activation'];
  /** Smallest and largest Euclidean norm of a class's weights; null where they cannot be read (see note). */
  readonly norms: {
    /** The smallest. */
    readonly min: number;
    /** The largest. */
    readonly max: number;
  } | null;
  /** What a user should know: why only the logits can be changed, and the like. */
  readonly note?: string;
}

/** What `inspect` prints. */
export interface ModelDescription {
  /** The file. */
  readonly model: {
    /** File name; absent for bytes. */
    readonly name?: string;
    /** Of the file, in lower-case hexadecimal. */
    readonly sha256: string;
    /** Length of the file; external data not counted. */
    readonly bytes: number;
    /** Version of ONNX's operator set. */
    readonly opset: number;
    /** What wrote the model, with its version; empty where it does not say. */
    readonly producer: string;
  };
  /** What the model takes. */
  readonly inputs: readonly ValueInfo[];
  /** What it gives. */
  readonly outputs: readonly ValueInfo[];
  /** The heads that were found. */
  readonly heads: readonly HeadDescription[];
  /** Outputs without a head, and why. */
  readonly refused: readonly {
    /** Name of the output. */
    readonly output: string;
    /** Why, in words. */
    readonly reason: string;
  }[];
  /** From the metadata onnx_tailor.*, where it is there. */
  readonly classes?: readonly string[];
  /** Training samples per class, [C], from the metadata. */
  readonly trainCounts?: readonly number[];
  /** How pictures become inputs, from the metadata. */
  readonly preprocess?: Preprocess;
  /** Names of the inputs of a row of a table, from the metadata. */
  readonly columns?: readonly string[];
  /** What of that metadata could not be used. */
  readonly problems: readonly string[];
}

/**
 * Describes a model by path or bytes. Unlike openModel it takes models without a usable head: `heads` is then empty
 * and `refused` says why. MODEL_INVALID, FILE_NOT_FOUND.
 */
export async function inspectModel(source: string | Uint8Array): Promise<ModelDescription> {
  const file = await readModelFile(source);
  return describeModel(file, findHeads(file), file.checksum?.sha256 ?? (await platform.sha256(file.bytes)));
}

/** As inspectModel, of a file that was read already. */
export async function describeModel(
  file: ModelFile,
  found: FoundHeads,
  sha256: string,
): Promise<ModelDescription> {
  const { producerName, producerVersion } = file.proto;
  const values = modelValues(file);
  const single = found.heads.length === 1 ? found.heads[0] : undefined;
  const heads: HeadDescription[] = [];
  for (const location of found.heads) heads.push(await describeHead(file, location));
  return {
    model: {
      ...(file.path === undefined ? {} : { name: platform.baseName(file.path) }),
      sha256,
      bytes: file.bytes.length,
      opset: graphView(file).opset(),
      producer: [producerName, producerVersion].filter(Boolean).join(' '),
    },
    ...values,
    heads,
    refused: found.refused.map(({ output, reason }) => ({ output, reason })),
    ...readFacts(readMetadata(file), single, pictureDefaults(values.inputs)),
  };
}

async function describeHead(file: ModelFile, location: HeadLocation): Promise<HeadDescription> {
  const { output, kind, classes, dimensions, dtype, features, logits, activation } = location;
  const described = {
    output,
    kind,
    classes,
    dimensions,
    bias: location.hasBias,
    dtype,
    features,
    ...(logits === undefined ? {} : { logits }),
    activation,
  };
  const note = location.note === undefined ? {} : { note: location.note };
  // The identity: a matrix of C × C need not be made to know its norms.
  if (kind === 'logits') return { ...described, norms: { min: 1, max: 1 }, ...note };
  try {
    const norms = rowNorms(await readHead(file, location));
    const ends = norms.reduce(([low, high], n) => [Math.min(low, n), Math.max(high, n)], [Infinity, 0]);
    return { ...described, norms: { min: ends[0], max: ends[1] }, ...note };
  } catch (error) {
    if (!(error instanceof TailorError)) throw error;
    return { ...described, norms: null, note: error.message };
  }
}
