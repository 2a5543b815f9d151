// Tables for terminals, which are Markdown tables at the same time.

/**
 * The first column is text, the others are aligned to the right.
 * @param {readonly string[]} columns @param {readonly (readonly string[])[]} rows
 */
export function markdownTable(columns, rows) {
  const widths = columns.map((name, c) => Math.max(4, name.length, ...rows.map((row) => row[c].length)));
  const line = (cells) =>
    `| ${cells.map((cell, c) => (c === 0 ? cell.padEnd(widths[c]) : cell.padStart(widths[c]))).join(' | ')} |`;
  const rule = widths.map((width, c) => (c === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`));
  return [line(columns), line(rule), ...rows.map(line)].join('\n');
}

/** Seconds with a unit that reads well. @param {number} seconds */
export function formatSeconds(seconds) {
  if (seconds < 1) return `${(seconds * 1000).toPrecision(3)} ms`;
  return `${seconds < 100 ? seconds.toPrecision(3) : Math.round(seconds)} s`;
}
