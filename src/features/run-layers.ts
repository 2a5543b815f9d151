/** Runs a data source through a model that also hands out inner tensors, and gives each as rows [n, D]. */

import { TailorError } from '../array/errors.js';
import { assertFiniteRows, type Matrix, matrix } from '../array/matrix.js';
import type { DataSource } from '../data/sample.js';
import { exposeOutputs, type TensorView } from '../onnx/expose-outputs.js';
import type { Session } from '../runtime/session.js';
import { toFloat32Data } from '../runtime/tensors.js';
import { batchReader, fixedBatch } from './batch.js';
import type { Model, PreprocessOption } from './model.js';
import { type ExtractOptions, runBatches } from './run-batches.js';
import { openPool, type SessionPool } from './session-pool.js';

/** What inner tensors are run with. */
export interface LayerRun {
  readonly model: Model;
  readonly source: DataSource;
  /** Samples of the source to be run, and samples in a batch. */
  readonly samples: number;
  readonly batch: number;
  readonly options: Omit<ExtractOptions, 'batch' | 'limit' | 'onProgress'> & {
    readonly preprocess?: PreprocessOption;
  };
}

/** A shape as it came out, and how many samples went in. */
export interface ProbedShape {
  readonly dims: readonly number[];
  readonly rows: number;
}

/** The shapes of inner tensors, [samples, …] where they have a batch axis, told by running one or two samples. */
export async function probeShapes(run: LayerRun, tensors: readonly string[]): Promise<ProbedShape[]> {
  const { model, options, samples, batch } = run;
  const views = tensors.map((tensor) => ({ tensor, shape: true }));
  const exposed = await exposeOutputs(model.file, views);
  const { outputs } = exposed;
  const pool = await openPool(exposed, options);
  try {
    // Two tell a batch axis from one that is always 1.
    const reader = readerOf(run, pool, Math.min(2, batch));
    const read = await reader.read(0, Math.min(reader.size, 2, samples));
    const { results } = await pool.run(read, outputs);
    const rows = fixedBatch(pool.inputs) ?? read.samples;
    return outputs.map((name) => ({
      dims: Array.from(results[name].data as ArrayLike<bigint>, Number),
      rows,
    }));
  } finally {
    await pool.stop();
  }
}

/** One view of an inner tensor, and how many numbers a sample has in it. */
export interface RowsView extends TensorView {
  readonly dimensions: number;
}

/** Rows of some samples, [n, D] for each view, in the order of the views. Valid until `use` is done. */
export interface LayerBatch {
  /** Index of the first sample. */
  readonly start: number;
  readonly samples: number;
  readonly rows: readonly Matrix<Float32Array>[];
}

/**
 * Calls `use` with the rows of every view, batch by batch; memory is that of a few batches (see runBatches). Returns where it ran.
 *
 * Throws what `Model.extract` throws, MODEL_INVALID where a view has another number of entries than `dimensions`, and
 * NOT_FINITE naming the tensor and the sample.
 */
export async function runLayers(
  run: LayerRun,
  views: readonly RowsView[],
  use: (batch: LayerBatch) => Promise<void>,
): Promise<Session['device']> {
  const { model, source, options, samples, batch } = run;
  const exposed = await exposeOutputs(model.file, views);
  const { outputs } = exposed;
  const pool = await openPool(exposed, { ...options, batches: Math.ceil(samples / batch) });
  try {
    const reader = readerOf(run, pool, batch);
    const pass = {
      ...{ reader, pool, outputs: [...new Set(outputs)], range: { from: 0, to: samples } },
      ...{ signal: options.signal, doing: `running the layers on ${source.name}` },
    };
    await runBatches(pass, async ({ results, ...read }) => {
      const rows = views.map(({ tensor, dimensions }, i) => {
        const { data, dims } = results[outputs[i]];
        const doing = `Running ${source.name} up to the layer '${tensor}'`;
        if (dims[0] < read.samples || data.length !== dims[0] * dimensions) {
          throw new TailorError(
            'MODEL_INVALID',
            `${doing}: it comes out as [${dims.join(', ')}], where ${dimensions} numbers for each of ${read.samples} samples are ` +
              'needed: its shape depends on the sample. Leave it out, or average over its positions.',
          );
        }
        const values = toFloat32Data(data, `the layer '${tensor}'`).subarray(0, read.samples * dimensions);
        const found = matrix(values, read.samples, dimensions);
        assertFiniteRows(found, doing, 'value', 'dimension', read.start);
        return found;
      });
      await use({ start: read.start, samples: read.samples, rows });
    });
    return pool.device;
  } finally {
    await pool.stop();
  }
}

function readerOf({ model, source, options }: LayerRun, { inputs }: SessionPool, batch: number) {
  return batchReader({
    source,
    inputs,
    batch,
    ...model.pictureReading(options.preprocess),
  });
}
