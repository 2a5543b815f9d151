/**
 * WebAssembly computes in the thread that asks. A run that follows another, as in a training, keeps everything else waiting: the
 * click that would cancel it, and in a page its picture. So a session lets the event loop turn between runs.
 */
import type { InferenceSession } from 'onnxruntime-common';

/** Milliseconds of work between two rests. */
const WORK = 40;

let rested = -Infinity;

/** The session, whose `run` returns after a rest where the last one was a while ago. */
export function restingSession(session: InferenceSession): InferenceSession {
  const run = async (...how: unknown[]) => {
    const results = await (session.run as (...all: unknown[]) => ReturnType<InferenceSession['run']>).apply(
      session,
      how,
    );
    await rest();
    return results;
  };
  return Object.create(session, { run: { value: run } }) as InferenceSession;
}

/** By a message, since timers that follow each other wait for 4 ms. */
async function rest(): Promise<void> {
  if (performance.now() - rested < WORK) return;
  const { port1, port2 } = new MessageChannel();
  await new Promise((resolve) => {
    port1.onmessage = resolve;
    port2.postMessage(null);
  });
  port1.close();
  rested = performance.now();
}
