/** The one worker of the page: everything that takes longer than a frame. */
import { handlersOf } from './handlers.js';
import { type PagePort, serve } from './serve.js';
import { Session } from './session.js';

/** More threads than this bring nothing here: a step of training is small. */
const MOST_THREADS = 4;

/** Half of the cores and at least two where there are two; one where the page is not isolated: only those share memory. */
function threadsHere(): number {
  if (!globalThis.crossOriginIsolated) return 1;
  const cores = navigator.hardwareConcurrency || 1;
  return Math.min(MOST_THREADS, Math.max(Math.min(2, cores), Math.ceil(cores / 2)));
}

const session = new Session({ device: 'cpu', threads: threadsHere() });
serve(globalThis as unknown as PagePort, handlersOf(session));
