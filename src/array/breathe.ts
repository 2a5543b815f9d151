/** Rests in long work, so that the event loop of its thread stays free. */

/** Milliseconds of work between two rests. */
const WORK = 10;

let rested = -Infinity;

/** Lets the event loop turn if the last rest was a while ago. */
export async function breathe(): Promise<void> {
  if (performance.now() - rested < WORK) return;
  // By a message: a page's timers that follow each other wait for 4 ms.
  const { port1, port2 } = new MessageChannel();
  await new Promise((resolve) => {
    port1.onmessage = resolve;
    port2.postMessage(null);
  });
  port1.close();
  rested = performance.now();
}
