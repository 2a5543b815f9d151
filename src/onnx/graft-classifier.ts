/** Writes the head of a LinearClassifier into its attributes. */
import type { FloatArray } from '../array/matrix.js';
import type { GraftWork } from './graft-work.js';
import { appendAttribute, setFloatsAttribute } from './graph-edits.js';
import { attributeOf } from './graph-view.js';
import { attributeProto } from './protos.js';

/** `weight` [C, D] and `bias` [C] are rounded already; only what `changed` is written. */
export function graftClassifier(
  work: GraftWork,
  weight: FloatArray,
  bias: FloatArray,
  changed: { weight: boolean; bias: boolean },
): void {
  const { dimensions, binary } = work.location;
  let coefficients: ArrayLike<number> = weight;
  let intercepts: ArrayLike<number> = bias;
  if (binary) {
    // Stored is s = z₁ − z₀, once or as [−s, s]; softmax([−s/2, s/2]) is the model's logistic of s.
    const slope = Float32Array.from({ length: dimensions }, (_, d) => weight[dimensions + d] - weight[d]);
    const offset = Math.fround(bias[1] - bias[0]);
    coefficients = binary === 'one-row' ? slope : [...slope.map((w) => -w), ...slope];
    intercepts = binary === 'one-row' ? [offset] : [-offset, offset];
    work.stored = {
      weight: Float32Array.from([...slope.map((w) => -w / 2), ...slope.map((w) => w / 2)]),
      bias: Float32Array.of(-offset / 2, offset / 2),
    };
  }
  if (changed.weight) writeFloats(work, 'coefficients', coefficients);
  if (changed.bias) writeFloats(work, 'intercepts', intercepts);
}

function writeFloats(work: GraftWork, name: string, values: ArrayLike<number>): void {
  const { view, edits, location } = work;
  if (attributeOf(view.graph.node[location.node], name)) {
    edits.push(setFloatsAttribute(view, location.node, name, values));
  } else {
    edits.push(appendAttribute(location.node, attributeProto(name, { floats: values })));
  }
}
