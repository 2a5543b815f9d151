/** Runs a complete model over a few samples, as its users do: every tensor output, nothing interpreted. */
import type { DataSource } from '../data/sample.js';
import type { RunnableModel } from '../onnx/runnable.js';
import { openSession, type SessionOptions } from '../runtime/session.js';
import type { DeviceTensor, TensorData } from '../runtime/tensors.js';
import { batchReader } from './batch.js';

/** Options of `runModel`. */
export interface RunModelOptions extends SessionOptions {
  /** Samples run at once where the model leaves that open, default 64. */
  readonly batch?: number;
}

/**
 * Outputs by name, the rows of all samples one after the other; padding of models with a fixed batch is left out.
 * Outputs that are no tensors (ZipMap's maps) are absent. All is kept in memory: meant for a few samples.
 *
 * Throws MODEL_INVALID, SHAPE_MISMATCH and INVALID_ARGUMENT where samples and inputs do not fit, DEVICE_UNAVAILABLE.
 */
export async function runModel(
  { bytes, folder }: RunnableModel,
  source: DataSource,
  { batch = 64, ...where }: RunModelOptions = {},
): Promise<Record<string, DeviceTensor>> {
  const session = await openSession(bytes, { ...where, folder, prepack: false });
  try {
    const outputs = session.outputs.filter(({ type }) => type !== 'other').map(({ name }) => name);
    const reader = batchReader({ source, inputs: session.inputs, batch });
    const parts = new Map<string, DeviceTensor[]>(outputs.map((name) => [name, []]));
    for (let from = 0; from < source.length; from += reader.size) {
      const { feeds, samples } = await reader.read(from, Math.min(reader.size, source.length - from));
      const results = await session.run(feeds, outputs);
      for (const name of outputs) parts.get(name)?.push(firstRows(results[name], samples));
    }
    return Object.fromEntries(Array.from(parts, ([name, tensors]) => [name, stack(tensors)]));
  } finally {
    await session.release();
  }
}

function firstRows({ type, data, dims }: DeviceTensor, rows: number): DeviceTensor {
  if (dims.length === 0 || dims[0] <= rows) return { type, data, dims };
  const numbers = data.length / dims[0];
  return { type, data: data.slice(0, rows * numbers) as TensorData, dims: [rows, ...dims.slice(1)] };
}

function stack(tensors: readonly DeviceTensor[]): DeviceTensor {
  const [{ type, data, dims }] = tensors;
  if (tensors.length === 1) return tensors[0];
  const rows = tensors.reduce((sum, tensor) => sum + (tensor.dims[0] ?? 1), 0);
  const shape = [rows, ...dims.slice(1)];
  if (Array.isArray(data))
    return { type, data: tensors.flatMap((tensor) => tensor.data as string[]), dims: shape };
  const length = tensors.reduce((sum, tensor) => sum + tensor.data.length, 0);
  const all = new (data.constructor as new (length: number) => Float32Array)(length);
  let at = 0;
  for (const tensor of tensors) {
    all.set(tensor.data as Float32Array, at);
    at += tensor.data.length;
  }
  return { type, data: all, dims: shape };
}
