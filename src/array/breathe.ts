/** Rests in long work, so that the event loop of its thread stays free. */

/** A rest after every so many milliseconds of work: lets the event loop turn if the last rest was longer ago. */
export function restEvery(milliseconds: number): () => Promise<void> {
  let rested = -Infinity;
  return async () => {
    if (performance.now() - rested < milliseconds) return;
    // By a message: a page's timers that follow each other wait for 4 ms.
    const { port1, port2 } = new MessageChannel();
    await new Promise((resolve) => {
      port1.onmessage = resolve;
      port2.postMessage(null);
    });
    port1.close();
    rested = performance.now();
  };
}

/** Lets the event loop turn if there was work for 10 ms. */
export const breathe: () => Promise<void> = restEvery(10);
