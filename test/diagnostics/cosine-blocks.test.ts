/** The cosine matrix in blocks: what the whole matrix says, put together. */
import { describe, expect, it } from 'vitest';
import { matrix } from '../../src/array/matrix.js';
import { createRandom } from '../../src/array/random.js';
import { collectStatistics } from '../../src/diagnostics/collect-statistics.js';
import { cosineFigures } from '../../src/diagnostics/cosine.js';
import { cosineBlocks } from '../../src/diagnostics/cosine-blocks.js';

const CLASSES = 130;
const DIMENSIONS = 5;
const random = createRandom(3);
/** Class 7 has no sample, class 8 a single one; the counts of training put the classes in another order. */
const labels = Int32Array.from({ length: 700 }, (_, i) => i % CLASSES).filter(
  (k, i) => k !== 7 && (k !== 8 || i < CLASSES),
);
const features = Float32Array.from({ length: labels.length * DIMENSIONS }, () => random() - 0.3);
const trainCounts = Array.from({ length: CLASSES }, (_, k) => 1 + ((k * 37) % 50));

const statistics = await collectStatistics(matrix(features, labels.length, DIMENSIONS), labels, {
  classes: CLASSES,
});

describe('cosineBlocks', () => {
  it('is the mean of the matrix over each block', async () => {
    const { matrix: whole } = await cosineFigures(statistics, () => null);
    const { blocks, differentClass, sameClass } = cosineBlocks(statistics, trainCounts);
    expect(blocks).toHaveLength(60);
    expect(blocks.flat().sort((a, b) => a - b)).toEqual(Array.from({ length: CLASSES }, (_, k) => k));
    const mean = (values: (number | null)[]) => {
      const there = values.filter((value) => value !== null);
      return there.length > 0 ? there.reduce((a, b) => a + b) / there.length : null;
    };
    for (const [i, rows] of blocks.entries()) {
      for (const [j, columns] of blocks.entries()) {
        const wanted = mean(rows.flatMap((k) => columns.map((l) => (k === l ? null : whole![k][l]))));
        if (wanted === null) expect(differentClass[i][j]).toBeNull();
        else expect(differentClass[i][j]).toBeCloseTo(wanted, 12);
        expect(differentClass[i][j]).toBe(differentClass[j][i]);
      }
      const wanted = mean(rows.map((k) => whole![k][k]));
      if (wanted === null) expect(sameClass[i]).toBeNull();
      else expect(sameClass[i]).toBeCloseTo(wanted, 12);
    }
    // Most training samples first.
    for (let i = 1; i < 60; i++)
      expect(trainCounts[blocks[i][0]]).toBeLessThanOrEqual(trainCounts[blocks[i - 1][0]]);
  });

  it('stands in for a matrix that would be too large', async () => {
    const classes = 4097;
    const many = await collectStatistics(matrix(features.subarray(0, 40), 8, DIMENSIONS), new Int32Array(8), {
      classes,
    });
    const missing: string[] = [];
    const figures = await cosineFigures(many, (figure) => {
      missing.push(figure);
      return null;
    });
    expect(figures.matrix).toBeNull();
    expect(figures.blocks?.blocks.flat()).toHaveLength(classes);
    expect(missing).toContain('cosine.matrix');
  });
});
