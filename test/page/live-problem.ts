/** What the test of the sliders evaluates, in Node and, bundled, in a page. */
import { createRandom } from '../../src/array/random.js';
import { groupClasses } from '../../src/evaluation/groups.js';
import type { LiveClasses, LiveInput } from '../../src/web/live/evaluator.js';

export { liveEvaluator } from '../../src/web/live/evaluator.js';

/** Logits with some sense in them, long-tailed counts; the same from the same seed wherever they are made. */
export function problem(samples: number, classes: number): LiveInput & LiveClasses {
  const random = createRandom(1);
  const labels = Int32Array.from({ length: samples }, () => Math.floor(random() * classes));
  const logits = Float32Array.from({ length: samples * classes }, (_, at) => {
    const own = at % classes === labels[Math.floor(at / classes)];
    return 8 * random() + (own ? 3 : 0) - (at % classes) / classes;
  });
  const counts = Array.from({ length: classes }, (_, k) => Math.ceil(500 * 100 ** (-k / (classes - 1))));
  const norms = Float64Array.from({ length: classes }, (_, k) => 2 - k / classes);
  const groups = groupClasses(counts, { many: 100, few: 20 });
  return { labels, logits, counts, groups, norms, bias: norms.map((n) => n - 1) };
}
