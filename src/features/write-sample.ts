/** Writes one sample, preprocessed where it is a picture, into the rows of a batch. */
import { listOf } from '../array/array-file.js';
import { TailorError } from '../array/errors.js';
import type { NumericArray } from '../array/npy.js';
import { type Preprocess, preprocessDims } from '../data/preprocess.js';
import { preprocessPicture } from '../data/preprocess-picture.js';
import type { Picture, Sample, SampleTensor } from '../data/sample.js';
import type { ValueInfo } from '../runtime/session.js';
import { castTo, emptyOf, wholeRange } from '../runtime/tensors.js';

/** The rows of one input; all samples of a batch have the same `dims`. */
export interface InputRows {
  readonly data: NumericArray;
  readonly dims: readonly number[];
  readonly numbers: number;
}

/** A sample and where it goes. */
export interface Writing {
  readonly sample: Sample;
  readonly row: number;
  /** Rows the buffers must have room for. */
  readonly size: number;
  /** The model's inputs, first axis the batch. */
  readonly inputs: readonly ValueInfo[];
  /** Needed for pictures. */
  readonly preprocess?: Preprocess;
  /** For the message when it is needed and not there. */
  readonly preprocessProblem?: string;
  /** Of this batch, by input name. */
  readonly buffers: Map<string, InputRows>;
  /** Of a batch before, to be used again where the shape is the same. */
  readonly kept: ReadonlyMap<string, InputRows>;
  /** Start of messages. */
  readonly doing: string;
}

/** Puts one sample into its row of every input. INVALID_ARGUMENT, SHAPE_MISMATCH naming what the data gives and what the model takes. */
export function writeSample(writing: Writing): void {
  const { sample } = writing;
  if (sample.kind === 'picture') writePicture(writing, sample.picture);
  else writeTensors(writing, sample.inputs);
}

function writePicture(writing: Writing, picture: Picture): void {
  const { row, inputs, preprocess, preprocessProblem, doing } = writing;
  if (inputs.length !== 1) {
    throw new TailorError(
      'INVALID_ARGUMENT',
      `${doing}: it is a picture, but the model has ${inputs.length} inputs (${namesOf(inputs)}). ` +
        'Give an npz with one array per input, named as the inputs are.',
    );
  }
  if (!preprocess) {
    throw new TailorError(
      'INVALID_ARGUMENT',
      `${doing}: how the model wants pictures is not known${preprocessProblem ? ` (${preprocessProblem})` : ''}. Say it in the model's metadata (onnx_tailor.preprocess), in a ` +
        'file (--preprocess P.json), or with flags (--size, --mean, --std …).',
    );
  }
  const [input] = inputs;
  const buffer = bufferFor(writing, input, preprocessDims(preprocess), () => {
    const found = `${picture.height} × ${picture.width} × ${picture.channels}`;
    return `${doing}: preprocessing turns the picture (${found}) into`;
  });
  if (buffer.data instanceof Float32Array) {
    preprocessPicture(picture, preprocess, buffer.data, row * buffer.numbers, doing);
    return;
  }
  const values = new Float32Array(buffer.numbers);
  preprocessPicture(picture, preprocess, values, 0, doing);
  const range = wholeRange(input.type);
  if (range) {
    // Models that take pixels as whole numbers: resampling and scaling leave fractions that mean nothing.
    for (let i = 0; i < values.length; i++) {
      values[i] = Math.min(range.high, Math.max(range.low, Math.round(values[i])));
    }
  }
  put(buffer, row, input, values, doing);
}

function writeTensors(writing: Writing, given: Readonly<Record<string, SampleTensor>>): void {
  const { row, inputs, doing } = writing;
  const unknown = Object.keys(given).find(
    (name) => name !== '' && !inputs.some((input) => input.name === name),
  );
  if (unknown !== undefined || (Object.hasOwn(given, '') && inputs.length !== 1)) {
    throw new TailorError(
      'INVALID_ARGUMENT',
      `${doing}: the data has ${unknown === undefined ? 'one array' : `an array "${unknown}"`}, but the model's inputs are ${namesOf(inputs)}. ` +
        'Name the arrays as the inputs are.',
    );
  }
  for (const input of inputs) {
    // Inputs may be called constructor.
    const named = Object.hasOwn(given, input.name) ? given[input.name] : undefined;
    const tensor = named ?? given[''];
    if (!tensor) {
      throw new TailorError(
        'INVALID_ARGUMENT',
        `${doing}: the data has nothing for the model's input "${input.name}"; it has ${listOf(Object.keys(given))}.`,
      );
    }
    const buffer = bufferFor(writing, input, tensor.dims, () => `${doing}: the sample gives`);
    put(buffer, row, input, tensor.data, doing);
  }
}

/** The buffer of an input, checked against the sample's shape; made with the first sample. */
function bufferFor(
  { size, buffers, kept, doing }: Writing,
  input: ValueInfo,
  dims: readonly number[],
  gives: () => string,
): InputRows {
  const same = (buffer: InputRows | undefined) =>
    buffer?.dims.length === dims.length && buffer.dims.every((length, axis) => length === dims[axis]);
  const known = buffers.get(input.name);
  const wanted = input.dims.slice(1);
  const fits =
    input.dims.length === dims.length + 1 &&
    wanted.every((length, axis) => typeof length === 'string' || length === dims[axis]);
  if (!fits) {
    throw new TailorError(
      'SHAPE_MISMATCH',
      `${gives()} [${dims.join(', ')}], but the model's input "${input.name}" takes [${wanted.join(', ')}] for each sample` +
        `${hint(wanted, dims)}.`,
    );
  }
  if (known && same(known)) return known;
  if (known) {
    throw new TailorError(
      'SHAPE_MISMATCH',
      `${gives()} [${dims.join(', ')}], but samples before gave [${known.dims.join(', ')}]; samples of one batch must have one shape. ` +
        'Bring them to one size, or use batch 1.',
    );
  }
  const before = kept.get(input.name);
  const numbers = dims.reduce((product, length) => product * length, 1);
  const buffer =
    before && same(before)
      ? before
      : { data: emptyOf(input.type, size * numbers, `${doing}: a batch of ${size}`), dims, numbers };
  buffers.set(input.name, buffer);
  return buffer;
}

/** What people get wrong most often with pictures, if that is it. */
function hint(wanted: readonly (number | string)[], dims: readonly number[]): string {
  if (wanted.length !== 3 || dims.length !== 3) return '';
  const turned = (from: readonly number[]) =>
    wanted.every((length, axis) => typeof length === 'string' || length === from[axis]);
  const isTurned = turned([dims[2], dims[0], dims[1]]) || turned([dims[1], dims[2], dims[0]]);
  return isTurned ? ' (the layouts differ: NCHW has channels first, NHWC last)' : '';
}

function put(buffer: InputRows, row: number, input: ValueInfo, data: NumericArray, doing: string): void {
  if (data.length !== buffer.numbers) {
    throw new TailorError(
      'SHAPE_MISMATCH',
      `${doing}: ${data.length} numbers do not fill [${buffer.dims.join(', ')}] of input "${input.name}".`,
    );
  }
  // The session rounds to float16 when it is fed.
  const type = input.type === 'float16' ? 'float32' : input.type;
  const cast = castTo(type, data, `${doing}: input "${input.name}"`);
  (buffer.data as Float32Array).set(cast as Float32Array, row * buffer.numbers);
}

function namesOf(inputs: readonly ValueInfo[]): string {
  return inputs.map((input) => `"${input.name}"`).join(', ');
}
