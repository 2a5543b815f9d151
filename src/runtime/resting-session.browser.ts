/**
 * WebAssembly computes in the thread that asks. A run that follows another, as in a training, keeps everything else waiting: the
 * click that would cancel it, and in a page its picture. So a session lets the event loop turn between runs.
 */
import type { InferenceSession } from 'onnxruntime-common';
import { restEvery } from '../array/breathe.js';

const rest = restEvery(40);

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
