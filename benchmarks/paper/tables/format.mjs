// Cells of the tables.

export const NOTHING = '–';
export const NO_DATA = 'no data';

/** Fisher's ratios and other positive figures, to three digits: '1,234', '61.4', '0.0123'. @param {number} value */
export const digits = (value) => withDecimals(value, decimalsOf(value));

/** '65.6' @param {number} share */
export const percent = (share) => (100 * share).toFixed(1);

/**
 * 'mean ± sd' of several seeds, the plain value of one, '–' of none.
 * @param {import('../aggregate.mjs').Spread | undefined} spread
 */
export function ratioCell(spread) {
  if (!spread) return NOTHING;
  const decimals = decimalsOf(spread.mean);
  return plusMinus(spread, (value) => withDecimals(value, decimals));
}

/** @param {import('../aggregate.mjs').Spread | undefined} spread */
export const percentCell = (spread) => (spread ? plusMinus(spread, percent) : NOTHING);

const plusMinus = ({ mean, sd, n }, format) => (n > 1 ? `${format(mean)} ± ${format(sd)}` : format(mean));

/** That leave three digits, at most five. */
function decimalsOf(value) {
  if (value === 0) return 0;
  return Math.min(5, Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value)))));
}

function withDecimals(value, decimals) {
  const format = { minimumFractionDigits: decimals, maximumFractionDigits: decimals };
  return value.toLocaleString('en-US', format);
}
