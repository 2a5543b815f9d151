/** How many samples are run at once where nobody says: a matter of what the processor's caches hold. */
import type { Preprocess } from '../data/preprocess.js';
import { elementCount } from '../onnx/tensor-data.js';
import type { ValueInfo } from '../runtime/session.js';
import type { Extractor } from './extractor.js';
import { sampleDims } from './model-values.js';
import { DEFAULT_BATCH } from './run-batches.js';
import { type PoolOptions, runsOnCpu } from './session-pool.js';

/**
 * Most bytes of a batch's inputs on a processor: what the first layers make of them is a few times as much, and is read again by the
 * next layer from the cache or, beyond that, from memory. `benchmarks/extract.mjs` shows the difference.
 */
const CPU_BYTES = 5e6;

/** Below, a call's fixed cost shows. */
const LEAST_ON_CPU = 8;

/**
 * On cpu the power of two from 8 to 64 whose inputs are at most 5 MB as float32 (160 × 160 pictures: 16; 224 × 224: 8; 32 × 32: 64);
 * 64 on other devices, and where the size of a sample is not known beforehand. It depends on the model, the preprocessing and the
 * kind of device, never on the number of processors: results do not differ between machines for its sake.
 */
export async function defaultBatch(
  { sampleNumbers }: Pick<Extractor, 'sampleNumbers'>,
  options: PoolOptions,
): Promise<number> {
  if (sampleNumbers === undefined || !(await runsOnCpu(options))) return DEFAULT_BATCH;
  let batch = DEFAULT_BATCH;
  while (batch > LEAST_ON_CPU && batch * sampleNumbers * 4 > CPU_BYTES) batch /= 2;
  return batch;
}

/** Numbers of all inputs of one sample, as far as the model, or for pictures the preprocessing, fixes them. */
export function numbersPerSample(
  inputs: readonly ValueInfo[],
  preprocess: Preprocess | undefined,
): number | undefined {
  let numbers = 0;
  for (const dims of sampleDims(inputs, preprocess)) {
    if (!dims) return undefined;
    numbers += elementCount(dims);
  }
  return numbers;
}
