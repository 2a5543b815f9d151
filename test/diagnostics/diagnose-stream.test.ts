import { describe, expect, it } from 'vitest';
import { type LinearHead, linearHead } from '../../src/array/linear-head.js';
import { matrix } from '../../src/array/matrix.js';
import { createRandom } from '../../src/array/random.js';
import { diagnose } from '../../src/diagnostics/diagnose.js';
import { evaluate, evaluationSum } from '../../src/evaluation/evaluate.js';
import { type FeatureStream, openFeatureStream } from '../../src/features/feature-stream.js';
import { fitStream } from '../../src/features/fit-stream.js';
import { expectRefusal } from '../array/expect-refusal.js';
import { cpu, randomSet } from './metrics-golden.js';

const set = randomSet([120, 60, 31, 9], 5, { relu: true, offset: 0.3 });
const random = createRandom(3);
const head: LinearHead = linearHead(
  Float32Array.from({ length: 20 }, () => random() - 0.5),
  Float32Array.from({ length: 4 }, () => random()),
  4,
  5,
);

/** The set as a file that is read `rows` at a time. */
async function streamed(rows: number, from = set): Promise<FeatureStream> {
  const stream = await openFeatureStream(from.encode(), from.name);
  return { ...stream, chunks: () => stream.chunks(rows) };
}

/** Numbers to 9 digits (4 of those behind products in float32), everything else the same. */
function expectClose(found: unknown, expected: unknown, path = ''): void {
  if (typeof expected === 'number' && typeof found === 'number' && Number.isFinite(expected)) {
    const digits = /theorem|nc4|implicit/.test(path) ? 1e-4 : 1e-9;
    expect(Math.abs(found - expected), path).toBeLessThanOrEqual(digits * (1 + Math.abs(expected)));
  } else if (typeof expected === 'object' && expected !== null && typeof found === 'object') {
    expect(Object.keys(found ?? {}), path).toEqual(Object.keys(expected));
    for (const [key, value] of Object.entries(expected))
      expectClose((found as Record<string, unknown>)[key], value, `${path}.${key}`);
  } else expect(found, path).toEqual(expected);
}

describe('diagnose of a stream', () => {
  it.each([1000, 50, 7])('of %s rows at a time finds what it finds in memory', async (rows) => {
    const options = { ...cpu, head, intervals: 5 };
    const whole = await diagnose(set, options);
    const advice = whole.advice.map(({ rule }) => rule);
    const found = await diagnose(await streamed(rows), options);
    expectClose({ ...found, advice: null }, { ...whole, advice: null });
    expect(found.advice.map(({ rule }) => rule)).toEqual(advice);
  });

  it('goes by the logits of the file where there is no head', async () => {
    const logits = matrix(
      Float32Array.from({ length: 4 * set.samples }, () => random()),
      set.samples,
      4,
    );
    const own = set.with({ logits });
    const whole = await diagnose(own, cpu);
    expect(whole.accuracy).not.toBeNull();
    expectClose(
      { ...(await diagnose(await streamed(50, own), cpu)), advice: null },
      { ...whole, advice: null },
    );
  });

  it('takes several streams as one set, and sets beside them', async () => {
    const two = await diagnose([set, set], { ...cpu, head });
    const found = await diagnose([await streamed(40), set], { ...cpu, head });
    expectClose({ ...found, advice: null }, { ...two, advice: null });
  });

  it('names the sample that is not a number, counted from the first chunk on', async () => {
    const rows = set.features.data.slice();
    rows[5 * 101 + 2] = Number.NaN;
    const stream = await streamed(50);
    const broken: FeatureStream = {
      ...stream,
      async *chunks() {
        for (let from = 0; from < 200; from += 50) {
          const features = matrix(rows.slice(5 * from, 5 * (from + 50)) as Float32Array, 50, 5);
          yield { features, labels: set.labels!.subarray(from, from + 50) };
        }
      },
    };
    await expectRefusal(() => diagnose(broken, cpu), 'NOT_FINITE', /sample 101.*dimension 2/);
  });
});

describe('a stream for a head', () => {
  it('has its width and classes', async () => {
    const stream = await streamed(50);
    expect(fitStream(stream, head)).toMatchObject({ classCount: 4, samples: set.samples });
    const wide = linearHead(new Float32Array(24), new Float32Array(4), 4, 6);
    await expectRefusal(() => fitStream(stream, wide), 'SHAPE_MISMATCH', /5 dimensions, the head takes 6/);
    const few = linearHead(new Float32Array(10), new Float32Array(2), 2, 5);
    await expectRefusal(() => fitStream(stream, few), 'LABELS_INVALID', /label/);
  });
});

it('evaluates logits that come in pieces as in one', () => {
  const n = 50;
  const logits = Float32Array.from({ length: 3 * n }, () => random());
  const labels = Int32Array.from({ length: n }, (_, i) => i % 3);
  const options = { counts: [9, 5, 2], bootstrap: 20 };
  const pieces = evaluationSum(3, options);
  for (let from = 0; from < n; from += 20) {
    const to = Math.min(n, from + 20);
    pieces.add(matrix(logits.subarray(3 * from, 3 * to), to - from, 3), labels.subarray(from, to));
  }
  expect(pieces.result()).toEqual(evaluate({ logits: matrix(logits, n, 3), labels, ...options }));
});
