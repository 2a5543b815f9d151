/** Features that are diagnosed, in memory or read piece by piece: what every pass over them needs. */
import { assertFiniteRows, denseData, matrix } from '../array/matrix.js';
import { FeatureSet } from '../features/feature-set.js';
import type { FeatureChunk, FeatureStream } from '../features/feature-stream.js';

/** A set of features with labels, as chunks in order. */
export interface DiagnosedRows {
  readonly name: string;
  /** N. */
  readonly samples: number;
  /** D. */
  readonly dimensions: number;
  /** C, as far as the set knows. */
  readonly classCount: number;
  readonly classes?: readonly string[];
  /** [N]. */
  readonly labels: Int32Array;
  /** Width of the logits; 0 where there are none. */
  readonly logitWidth: number;
  /** Every number was or will be looked at. */
  readonly checked: true;
  /** All samples in order; a set in memory is one chunk. */
  chunks(): AsyncIterable<FeatureChunk<Float32Array>> | Iterable<FeatureChunk<Float32Array>>;
}

/** What can be made into it. */
export type Diagnosable = FeatureSet | FeatureStream | DiagnosedRows;

/** LABELS_INVALID for a set without labels. */
export function diagnosedRows(source: Diagnosable): DiagnosedRows {
  if ('checked' in source) return source;
  if (!(source instanceof FeatureSet)) return fromStream(source);
  const { name, samples, dimensions, classCount, classes, features, logits } = source;
  const labels = source.requireLabels('Diagnosing');
  return {
    ...{ name, samples, dimensions, classCount, classes, labels },
    logitWidth: logits?.shape[1] ?? 0,
    checked: true,
    chunks: () => [{ features, labels, logits }],
  };
}

function fromStream(stream: FeatureStream): DiagnosedRows {
  const { name, samples, dimensions, classCount, classes, labels, logitWidth = 0 } = stream;
  return {
    ...{ name, samples, dimensions, classCount, classes, labels, logitWidth },
    checked: true,
    async *chunks() {
      let from = 0;
      for await (const chunk of stream.chunks()) {
        // A file is not trusted, and a set in memory was looked at when it was made.
        assertFiniteRows(chunk.features, `Diagnosing ${name}`, 'feature', 'dimension', from);
        if (chunk.logits) assertFiniteRows(chunk.logits, `Diagnosing ${name}`, 'logit', 'class', from);
        yield chunk;
        from += chunk.labels.length;
      }
    },
  };
}

/** Some rows of a chunk as a chunk. `rows` are numbers in the chunk, ascending. */
export function pickRows({ features, labels }: FeatureChunk, rows: readonly number[]) {
  const dimensions = features.shape[1];
  const data = denseData(features);
  const picked = new Float32Array(rows.length * dimensions);
  for (const [i, row] of rows.entries()) {
    picked.set(data.subarray(row * dimensions, (row + 1) * dimensions), i * dimensions);
  }
  return {
    features: matrix(picked, rows.length, dimensions),
    labels: Int32Array.from(rows, (row) => labels[row]),
  };
}
