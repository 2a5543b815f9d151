/** A model's inputs and outputs, and what is fed to them. */

import type { InferenceSession, Tensor } from 'onnxruntime-common';
import { ort } from '#ort';
import { TailorError } from '../array/errors.js';
import { castTo, type TensorData } from './tensors.js';

/** An input or output as the model declares it. */
export interface ValueInfo {
  /** Name in the model. */
  readonly name: string;
  /** 'float32', 'int64', …; 'other' for sequences and maps, which sessions do not return. */
  readonly type: string;
  /** Numbers where fixed; names (or '?') where free. */
  readonly dims: readonly (number | string)[];
}

/** What is fed for one input: numbers of any type (converted to the input's own) and their shape. */
export interface Feed {
  /** Numbers in C order. */
  readonly data: TensorData;
  /** Shape; its product is the length of `data`. */
  readonly dims: readonly number[];
}

/** As onnxruntime tells it. */
export function describeValue(value: InferenceSession.ValueMetadata): ValueInfo {
  return value.isTensor
    ? { name: value.name, type: value.type, dims: value.shape.map((size) => (size === '' ? '?' : size)) }
    : { name: value.name, type: 'other', dims: [] };
}

/**
 * Tensors of onnxruntime for all inputs, converted to the inputs' element types. INVALID_ARGUMENT for a missing or
 * unknown name or numbers out of range, SHAPE_MISMATCH.
 */
export function makeTensors(
  inputs: readonly ValueInfo[],
  feeds: Readonly<Record<string, Feed>>,
): Record<string, Tensor> {
  const known = inputs.map((input) => input.name);
  const unknown = Object.keys(feeds).find((name) => !known.includes(name));
  if (unknown !== undefined) {
    throw new TailorError(
      'INVALID_ARGUMENT',
      `Running a model: it has no input "${unknown}"; its inputs are ${known.join(', ')}.`,
    );
  }
  const tensors: Record<string, Tensor> = {};
  for (const { name, type, dims } of inputs) {
    const feed = feeds[name];
    if (!feed) {
      throw new TailorError(
        'INVALID_ARGUMENT',
        `Running a model: nothing was given for its input "${name}".`,
      );
    }
    assertFits(name, dims, feed.dims);
    const data = castTo(type, feed.data, `input "${name}"`);
    tensors[name] = new (ort.Tensor as TensorMaker)(type, data, feed.dims);
  }
  return tensors;
}

/** The one of Tensor's constructors that is used: the element type is only known when the model is. */
type TensorMaker = new (type: string, data: TensorData, dims: readonly number[]) => Tensor;

function assertFits(name: string, wanted: readonly (number | string)[], given: readonly number[]): void {
  const fits =
    wanted.length === given.length &&
    wanted.every((size, axis) => typeof size === 'string' || size === given[axis]);
  if (!fits) {
    throw new TailorError(
      'SHAPE_MISMATCH',
      `Running a model: input "${name}" takes [${wanted.join(', ')}], got [${given.join(', ')}].`,
    );
  }
}
