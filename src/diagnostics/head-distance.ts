/** How far a head is from the simplex equiangular tight frame that theorem 1 presumes. */
import { headShape, type LinearHead } from '../array/linear-head.js';
import { denseData } from '../array/matrix.js';
import { eachRowProduct, type RowProductOptions } from '../compute/row-products.js';
import type { HeadDistance } from './diagnostics.js';
import { norm } from './norms.js';

/**
 * Relative deviation of norms, absolute deviation of cosines, and bias in units of the scale, up to which a head counts as an ETF.
 * The bound is made from the largest norm, bias and cosine that the head has: it is exact for such a head, not approximate.
 * A rule of thumb of this project; a fixed ETF is within 10⁻³ even in float16.
 */
export const ETF_TOLERANCE = 0.01;

/** Figures of a head with C ≥ 2, rows of which not all are the same. */
export interface HeadGeometry {
  readonly distance: HeadDistance;
  /** Largest ‖w_k‖ of the centred rows. */
  readonly longest: number;
  /** Largest cosine of two centred rows. */
  readonly largestCosine: number;
  /** Largest b_k − mean b. */
  readonly largestBias: number;
}

/**
 * Softmax does not see what is added to all logits alike, so the head is looked at as W − 1wᵀ and b − mean b with the mean row w.
 * Undefined where all rows are the same (or C = 1): such a head tells no class from another.
 */
export async function headGeometry(
  head: LinearHead,
  where: RowProductOptions = {},
): Promise<HeadGeometry | undefined> {
  const [classes, dimensions] = headShape(head);
  const rows = Float64Array.from(denseData(head.weight));
  centreColumns(rows, classes, dimensions);
  const bias = Float64Array.from(denseData(head.bias));
  centreColumns(bias, classes, 1);
  const norms = Array.from({ length: classes }, (_, k) =>
    norm(rows.subarray(k * dimensions, (k + 1) * dimensions)),
  );
  const scale = norms.reduce((sum, length) => sum + length, 0) / classes;
  if (!(scale > 0)) return undefined;
  let largestCosine = -1;
  let cosines = 0;
  await eachRowProduct(
    rows,
    dimensions,
    (k, products) => {
      for (let l = 0; l < classes; l++) {
        if (l === k) continue;
        // A row that equals the mean row has no direction, and is far from an ETF by its norm already.
        const cosine = norms[k] > 0 && norms[l] > 0 ? products[l] / norms[k] / norms[l] : 0;
        largestCosine = Math.max(largestCosine, cosine);
        cosines = Math.max(cosines, Math.abs(cosine + 1 / (classes - 1)));
      }
    },
    where,
  );
  const largest = (values: Iterable<number>) => [...values].reduce((a, b) => Math.max(a, b), 0);
  return {
    distance: {
      scale,
      norms: largest(norms.map((length) => Math.abs(length / scale - 1))),
      cosines,
      bias: largest(bias.map(Math.abs)) / scale,
      tolerance: ETF_TOLERANCE,
    },
    longest: largest(norms),
    largestCosine,
    largestBias: largest(bias),
  };
}

/** Takes the mean of each column off, in place. */
function centreColumns(rows: Float64Array, count: number, width: number): void {
  for (let d = 0; d < width; d++) {
    let mean = 0;
    for (let k = 0; k < count; k++) mean += (rows[k * width + d] - mean) / (k + 1);
    for (let k = 0; k < count; k++) rows[k * width + d] -= mean;
  }
}
