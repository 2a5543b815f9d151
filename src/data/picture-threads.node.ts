/** Threads that make batches of picture files; picture-worker.node.ts is their other end. */
import { availableParallelism } from 'node:os';
import { startThread } from '../array/ask-thread.node.js';
import { TailorError } from '../array/errors.js';
import { currentLimits, type Limits } from '../array/limits.js';
import type { OpenPictureThreads, PictureRows } from './pictures.js';

/** What a thread starts with. */
export interface PictureThreadData {
  readonly limits: Limits;
}

/** Decoding is shared by the threads of the process's pool, so a few keep it busy. */
const MOST_THREADS = 8;

/**
 * By default one for two processors, 8 at most. None from sources that are not compiled, which threads cannot load.
 * They start with their first job and end themselves with the process.
 */
export const openPictureThreads: OpenPictureThreads = (
  count = Math.min(MOST_THREADS, Math.ceil(availableParallelism() / 2)),
) => {
  if (!import.meta.url.endsWith('.js')) return undefined;
  const workerData: PictureThreadData = { limits: currentLimits() };
  const threads = Array.from({ length: count }, () =>
    startThread<PictureRows, Float32Array>(new URL('./picture-worker.node.js', import.meta.url), {
      workerData,
      died: (how, cause) =>
        new TailorError('LIMIT_EXCEEDED', `Reading pictures: a thread that decodes them ended (${how}).`, {
          cause,
        }),
      ended: () => new TailorError('ABORTED', 'Reading pictures: stopped before they were read.'),
    }),
  );
  return {
    count,
    fill(job) {
      const idle = threads.reduce((a, b) => (b.asked < a.asked ? b : a));
      return idle.ask(job, [job.rows.buffer as ArrayBuffer]);
    },
    close: async () => {
      await Promise.all(threads.map((thread) => thread.end()));
    },
  };
};
