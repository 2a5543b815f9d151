/** Long work in the page's own thread, in pieces that nobody feels. */

/** Work between two pauses, ms. */
const SLICE = 12;

/** Runs `steps` to the end, with pauses; undefined as soon as `isStale` is true after one. */
export async function inSlices<T>(steps: Generator<void, T>, isStale: () => boolean): Promise<T | undefined> {
  for (;;) {
    const until = performance.now() + SLICE;
    do {
      const { done, value } = steps.next();
      if (done) return value;
    } while (performance.now() < until);
    await new Promise((resolve) => setTimeout(resolve));
    if (isStale()) return undefined;
  }
}
