/** Progress of `diagnose`. */

import { type Progress, startProgress } from '../features/progress.js';
import type { Diagnosable } from './diagnosed-rows.js';
import { MOST_PAIR_SAMPLES } from './largest-cosine.js';

/** Progress over all passes together. */
export function trackPasses(
  sets: readonly Diagnosable[] | undefined,
  { replicates, judged, head }: { replicates: number; judged: boolean; head: boolean },
  onProgress: ((progress: Progress) => void) | undefined,
): { add: (samples: number) => void; finish: () => void } {
  const samples = sets?.reduce((sum, set) => sum + set.samples, 0) ?? 0;
  const passes = judged ? 2 : 1;
  // The halves of odd classes vary, and of pairs there may be fewer; what is missing at the end is made up for by `finish`.
  const halves = replicates * Math.ceil(samples / 2);
  const total = passes * samples + (head ? Math.min(samples, MOST_PAIR_SAMPLES) : 0) + halves;
  const report = startProgress(total);
  let done = 0;
  return {
    add(more) {
      const next = Math.min(total, done + more);
      if (next === done) return;
      done = next;
      onProgress?.(report(done));
    },
    finish() {
      if (done < total || total === 0) onProgress?.(report(total));
      done = total;
    },
  };
}
