/** Plain text for terminals: aligned tables and numbers at a readable precision. */

import { printable } from '../array/text.js';

/** Longest cell: names from files may have any length. */
const LONGEST_CELL = 200;

/** Columns padded to their widest cell; numbers (cells that start with a digit, sign or bracket) right-aligned. */
export function textTable(header: readonly string[], cells: readonly (readonly string[])[]): string {
  const rows = cells.map((row) => row.map((cell) => printable(cell, LONGEST_CELL)));
  const widths = header.map((title, c) => Math.max(title.length, ...rows.map((row) => row[c].length)));
  const numeric = header.map((_, c) => rows.every((row) => /^([-+−–\d([]|$)/.test(row[c])));
  const line = (row: readonly string[]) =>
    row
      .map((cell, c) => (numeric[c] ? cell.padStart(widths[c]) : cell.padEnd(widths[c])))
      .join('  ')
      .trimEnd();
  return [line(header), widths.map((width) => '─'.repeat(width)).join('  '), ...rows.map(line)].join('\n');
}

/** A share as per cent with one decimal; an absent value as a dash. */
export function percent(share: number | null | undefined): string {
  return share == null ? '–' : `${(share * 100).toFixed(1)} %`;
}

/** A difference of shares in percentage points with its sign. */
export function points(difference: number | null | undefined): string {
  if (difference == null) return '–';
  const value = (difference * 100).toFixed(1);
  return `${difference >= 0 ? '+' : '−'}${value.replace('-', '')}`;
}

/** A byte count with a unit. */
export function byteSize(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  const units = ['KiB', 'MiB', 'GiB'];
  let value = bytes;
  let unit = -1;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${value.toFixed(1)} ${units[unit]}`;
}
