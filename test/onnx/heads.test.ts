/** Every way to write a head: found, read, cut out, grafted, and each claim checked by running the model. */
import { describe, expect, it } from 'vitest';
import { denseData } from '../../src/array/matrix.js';
import { cutExtractor } from '../../src/onnx/cut.js';
import { chooseHead, findHeads } from '../../src/onnx/find-heads.js';
import { graftHead, headTolerance } from '../../src/onnx/graft.js';
import { readMetadata } from '../../src/onnx/metadata.js';
import { graphOf, readModelFile } from '../../src/onnx/model-file.js';
import { readHead, sameNumbers } from '../../src/onnx/read-head.js';
import { activate, argmax, largestDifference, otherHead, predict, run, SAMPLES } from './run-model.js';
import { BIAS, buildCase, CLASSES, DIMENSIONS, HEAD_CASES, WEIGHT } from './small-heads.js';

describe.each(HEAD_CASES)('$name', (head) => {
  const { classes = CLASSES, dimensions = DIMENSIONS, dtype = 'float32' } = head;
  const tolerance = headTolerance(dtype);
  const open = async (bytes = buildCase(head) as Uint8Array) => {
    const file = await readModelFile(bytes);
    return { file, location: chooseHead(findHeads(file)) };
  };

  it('is found', async () => {
    const { file, location } = await open();
    expect(findHeads(file).heads).toHaveLength(1);
    expect(findHeads(file).refused).toEqual([]);
    expect(location).toMatchObject({
      kind: head.kind,
      classes,
      dimensions,
      dtype,
      hasBias: head.hasBias ?? true,
      output: head.output ?? 'y',
      activation: head.activation ?? 'none',
    });
    expect(location.outputs[0].form).toBe(head.form ?? 'scores');
    expect(location.outputs).toHaveLength(graphOf(file).output.length);
  });

  it('is read exactly', async () => {
    const { file, location } = await open();
    const { weight, bias } = await readHead(file, location);
    expect(weight.shape).toEqual([classes, dimensions]);
    expect(denseData(weight)).toBeInstanceOf(dtype === 'float64' ? Float64Array : Float32Array);
    // + 0 makes −0 a 0.
    expect(Array.from(denseData(weight), (v) => v + 0)).toEqual(
      Array.from(head.weight ?? WEIGHT, (v) => v + 0),
    );
    expect(Array.from(denseData(bias), (v) => v + 0)).toEqual(Array.from(head.bias ?? BIAS, (v) => v + 0));
  });

  it('stays byte for byte when nothing changes, and gets metadata beside the graph', async () => {
    const { file, location } = await open();
    const same = await readHead(file, location);
    const grafted = await graftHead(file, location, same);
    expect(grafted.bytes).toEqual(file.bytes);
    expect(grafted.changed).toEqual({ weight: false, bias: false });
    const marked = await readModelFile(
      (await graftHead(file, location, same, { metadata: { task: 'new', 'onnx_tailor.method': 'none' } }))
        .bytes,
    );
    expect(graphOf(marked)).toEqual(graphOf(file));
    expect(Object.fromEntries(readMetadata(marked))).toEqual({
      author: 'someone',
      task: 'new',
      'onnx_tailor.method': 'none',
    });
  });

  it.skipIf(head.cannotRun)('gives its features and logits when cut', async () => {
    const { file, location } = await open();
    const cut = await cutExtractor(file, location);
    const results = await run(cut.bytes);
    expect(Object.keys(results)).toEqual([cut.features, cut.logits]);
    const [features, logits] = [results[cut.features], results[cut.logits]];
    expect(features.dims).toEqual([SAMPLES, dimensions]);
    expect(logits.dims).toEqual([SAMPLES, classes]);
    expect(features.type).toBe(dtype === 'float64' ? 'float64' : 'float32');
    expect(logits.type).toBe(features.type);
    const promised = predict(await readHead(file, location), features.data as number[]);
    expect(largestDifference(logits.data, promised)).toBeLessThan(tolerance);
    // The cut's logits are those behind the model's own output.
    const output = (await run(file.bytes))[location.output];
    if (location.outputs[0].form === 'scores') {
      expect(
        largestDifference(output.data, activate(logits.data as number[], classes, location.activation)),
      ).toBeLessThan(tolerance);
    }
  });

  it.skipIf(head.cannotRun)('computes what a new head promises when grafted', async () => {
    const { file, location } = await open();
    const wanted = otherHead(location);
    const grafted = await graftHead(file, location, wanted);
    expect(grafted.sideFiles).toEqual([]);
    const after = await open(grafted.bytes);
    expect(sameNumbers(await readHead(after.file, after.location), grafted.head)).toBe(true);
    const cut = await cutExtractor(file, location);
    const features = (await run(cut.bytes))[cut.features].data as number[];
    const logits = predict(wanted, features);
    const outputs = await run(grafted.bytes);
    for (const { name, activation, form } of location.outputs) {
      if (form === 'derived') continue;
      const { data } = outputs[name];
      if (form === 'scores') {
        expect(largestDifference(data, activate(logits, classes, activation)), name).toBeLessThan(
          // The output is float32 whatever the head is.
          Math.max(2 * tolerance, 1e-6),
        );
      } else {
        const best = data.length === SAMPLES ? data : data.filter((_, i) => i % 2 === 0);
        const decided = best.map((label) => (typeof label === 'string' ? 'abcd'.indexOf(label) : label % 10));
        expect(decided, name).toEqual(argmax(logits, classes));
      }
    }
    // Back again: the original numbers, so the original answers.
    const back = await graftHead(after.file, after.location, await readHead(file, location));
    const restored = await run(back.bytes);
    const original = await run(file.bytes);
    for (const { name, form } of location.outputs) {
      if (form === 'scores')
        expect(largestDifference(restored[name].data, original[name].data as number[])).toBeLessThan(
          tolerance,
        );
      else expect(restored[name].data).toEqual(original[name].data);
    }
  });

  // One of the two: what onnxruntime runs here is proven by running it, the rest by its bits.
  if (head.cannotRun) console.warn(`Not run, only compared bit by bit: ${head.name} (${head.cannotRun}).`);
  else return;
  it('is grafted exactly, though it cannot be run here', async () => {
    const { file, location } = await open();
    const grafted = await graftHead(file, location, otherHead(location));
    const after = await open(grafted.bytes);
    expect(sameNumbers(await readHead(after.file, after.location), grafted.head)).toBe(true);
  });
});
