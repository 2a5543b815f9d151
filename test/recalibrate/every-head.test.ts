/** The whole verb `graft` on every way to write a head: proven by running it, each output compared as it can be. */
import { describe, expect, it } from 'vitest';
import { linearHead } from '../../src/array/linear-head.js';
import { denseData, type FloatArray } from '../../src/array/matrix.js';
import { openModel } from '../../src/features/model.js';
import { headTolerance } from '../../src/onnx/graft.js';
import { readMetadata } from '../../src/onnx/metadata.js';
import { parseModel } from '../../src/onnx/model-file.js';
import { sameNumbers } from '../../src/onnx/read-head.js';
import type { OutputComparison } from '../../src/recalibrate/compare-outputs.js';
import { graft } from '../../src/recalibrate/graft.js';
import { otherHead } from '../onnx/run-model.js';
import { buildCase, HEAD_CASES } from '../onnx/small-heads.js';

type Compared = Record<string, OutputComparison['compared']>;

const classifierOutputs: Compared = { label: 'labels', scores: 'scores' };
/** How the outputs of a case are compared, where it is not `y` with the scores of the head. */
const COMPARED: Record<string, Compared> = {
  'Softmax of Softmax': { y: 'derived' },
  ArgMax: { y: 'labels' },
  'ArgMax of a softmax of a softmax': { y: 'labels' },
  // Two best classes per sample: the logits behind them are compared, and these are not.
  'TopK of a softmax': { y: 'derived', values: 'derived' },
  'a table of labels behind ArgMax': { y: 'derived' },
  LinearClassifier: classifierOutputs,
  'LinearClassifier, softmax': classifierOutputs,
  'LinearClassifier, logistic': classifierOutputs,
  'LinearClassifier, two classes as mirrored rows': classifierOutputs,
  'LinearClassifier, two classes as one row': classifierOutputs,
  'LinearClassifier with string labels, Normalizer and ZipMap': { label: 'labels', normalized: 'derived' },
};

it('names only cases that there are', () => {
  const names = HEAD_CASES.map(({ name }) => name);
  for (const name of Object.keys(COMPARED)) expect(names).toContain(name);
});

describe.each(HEAD_CASES.filter(({ cannotRun }) => !cannotRun))('$name', (head) => {
  const { dtype = 'float32' } = head;

  it('is grafted and proven', async () => {
    const model = await openModel(buildCase(head));
    const wanted = otherHead(model.location);
    const changed = await graft(model, wanted, {
      origin: { method: 'fitted', parameters: { epochs: 3 } },
    });
    const { verification } = changed;
    expect(verification).toMatchObject({ samples: 8, inputs: 'random numbers', argmaxAgreement: 1 });
    // No logit comes near 100.
    expect(verification.tolerance).toBeGreaterThanOrEqual(headTolerance(dtype));
    expect(verification.tolerance).toBeLessThan(headTolerance(dtype, 100));
    expect(verification.maxAbsLogitDifference).toBeLessThanOrEqual(verification.tolerance);

    const compared = verification.outputs.map((output) => [output.name, output.compared]);
    expect(Object.fromEntries(compared)).toEqual(COMPARED[head.name] ?? { y: 'scores' });
    for (const { compared: how, maxAbsDifference, passed } of verification.outputs) {
      expect(passed).toBe(true);
      if (how === 'derived') expect(maxAbsDifference).toBeNull();
      if (how === 'labels') expect(maxAbsDifference).toBe(0);
      // Rounding shows in no more than the scores' last digits.
      if (how === 'scores') expect(maxAbsDifference).toBeLessThan(Math.max(verification.tolerance, 1e-6));
    }

    const again = await openModel(changed.bytes);
    expect(sameNumbers(again.head, changed.head)).toBe(true);
    const metadata = readMetadata({ bytes: changed.bytes, proto: parseModel(changed.bytes, 'the test') });
    expect(metadata.get('onnx_tailor.method')).toBe('fitted');
    expect(metadata.get('onnx_tailor.parameters')).toBe('{"epochs":3}');
    expect(metadata.get('onnx_tailor.source_sha256')).toBe(model.sha256);
    expect(metadata.get('author')).toBe('someone');
  });

  it('keeps its numbers when they are put in again', async () => {
    const model = await openModel(buildCase(head));
    const { head: stored, verification } = await graft(model, model.head);
    expect(sameNumbers(stored, model.head)).toBe(true);
    expect(verification.outputs.every(({ passed }) => passed)).toBe(true);
  });

  it('is proven when only some classes change', async () => {
    const model = await openModel(buildCase(head));
    const weight = denseData(model.head.weight).slice();
    const bias = denseData(model.head.bias).slice();
    for (let d = 0; d < model.location.dimensions; d++) weight[d] *= 1.7;
    bias[0] -= 0.3;
    const { classes, dimensions } = model.location;
    const { verification } = await graft(model, linearHead<FloatArray>(weight, bias, classes, dimensions));
    expect(verification.argmaxAgreement).toBe(1);
  });
});
