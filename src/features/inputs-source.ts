/** Kept inputs as a data source, so that they go through the same pipeline as everything else. */
import type { NumericArray } from '../array/npy.js';
import type { DataSource, SampleTensor } from '../data/sample.js';
import type { VerificationInputs } from './feature-set.js';

/** The samples of `kept`, fed as they are, without labels. */
export function inputsSource({ rows, inputs }: VerificationInputs, name: string): DataSource {
  return {
    name,
    length: rows.length,
    read(index) {
      const tensors: Record<string, SampleTensor> = {};
      for (const [input, { data, dims }] of Object.entries(inputs)) {
        const numbers = data.length / rows.length;
        const row = (data as NumericArray).subarray(index * numbers, (index + 1) * numbers);
        tensors[input] = { data: row, dims: dims.slice(1) };
      }
      return { kind: 'tensor', inputs: tensors };
    },
    sampleName: (index) => `${rows[index]}`,
  };
}
