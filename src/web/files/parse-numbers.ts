/** Numbers as people type and paste them. */

/** JSON as it is, else the numbers between commas, semicolons, blanks and line ends; what is no number becomes NaN. */
export function parseNumbers(text: string): unknown {
  const trimmed = text.trim();
  if (/^[[{]/.test(trimmed)) return JSON.parse(trimmed) as unknown;
  return trimmed === '' ? [] : trimmed.split(/[\s,;]+/).map(Number);
}
