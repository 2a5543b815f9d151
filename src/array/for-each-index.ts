/** A task for every index of a range, several at a time. */

/** Calls `task` for 0 … count−1, at most `width` at a time; waits for those under way before it throws. */
export async function forEachIndex(
  count: number,
  width: number,
  task: (index: number) => Promise<void>,
): Promise<void> {
  let next = 0;
  let failed = false;
  const worker = async () => {
    while (next < count && !failed) {
      try {
        await task(next++);
      } catch (error) {
        failed = true;
        throw error;
      }
    }
  };
  const ends = await Promise.allSettled(Array.from({ length: Math.min(width, count) }, worker));
  for (const end of ends) if (end.status === 'rejected') throw end.reason;
}
