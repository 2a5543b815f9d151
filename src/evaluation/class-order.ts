/** Classes by their training samples, and many of them cut into few. */

/** Class indices by descending count; of equal counts the lower index first. */
export function byCount(counts: ArrayLike<number>): number[] {
  return Array.from({ length: counts.length }, (_, k) => k).sort((a, b) => counts[b] - counts[a] || a - b);
}

/** Neighbours in `order` put together into at most `most` bins whose sizes differ by one at most. */
export function cutIntoBins<T>(order: readonly T[], most: number): T[][] {
  const bins = Math.min(most, order.length);
  return Array.from({ length: bins }, (_, b) =>
    order.slice(Math.floor((b * order.length) / bins), Math.floor(((b + 1) * order.length) / bins)),
  );
}
