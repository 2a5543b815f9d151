/** Reasons for figures that mean nothing, gathered while the figures are computed. */
import type { MissingFigure } from './diagnostics.js';

/** Notes why a figure is null, and is null: `nc4: miss('collapse.nc4', 'no features were given')`. */
export type Miss = (figure: string, reason: string) => null;

/** A `miss` and the list that it writes to, in the order of its calls. */
export function missingFigures(): { miss: Miss; missing: MissingFigure[] } {
  const missing: MissingFigure[] = [];
  const miss = (figure: string, reason: string) => {
    missing.push({ figure, reason });
    return null;
  };
  return { miss, missing };
}
