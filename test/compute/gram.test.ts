import { describe, expect, it } from 'vitest';
import { matrix } from '../../src/array/matrix.js';
import { createRandom } from '../../src/array/random.js';
import { gramMatrix } from '../../src/compute/gram.js';
import { expectRefusal } from '../array/expect-refusal.js';

describe('gramMatrix', () => {
  it.each([undefined, 7])('sums the weighted products of (f, 1), chunk %s', async (chunk) => {
    const [samples, d] = [25, 4];
    const random = createRandom(1);
    const rows = Float32Array.from({ length: samples * d }, () => 2 * random() - 1);
    const weights = Float64Array.from({ length: samples }, random);
    const gram = await gramMatrix(matrix(rows, samples, d), weights, { device: 'cpu', chunk });
    const x = (i: number, j: number) => (j < d ? rows[i * d + j] : 1);
    for (let a = 0; a <= d; a++) {
      for (let b = 0; b <= d; b++) {
        let sum = 0;
        for (let i = 0; i < samples; i++) sum += weights[i] * x(i, a) * x(i, b);
        expect(gram[a * (d + 1) + b]).toBeCloseTo(sum, 4);
      }
    }
  });

  it('stops at a signal', async () => {
    const features = matrix(new Float32Array(4), 2, 2);
    await expectRefusal(
      () => gramMatrix(features, [1, 1], { device: 'cpu', signal: AbortSignal.abort('enough') }),
      'ABORTED',
      /enough/,
    );
  });
});
