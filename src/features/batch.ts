/** Assembles batches: samples of a source, preprocessed, in the element types and shapes that a model takes. */
import { TailorError } from '../array/errors.js';
import type { NumericArray } from '../array/npy.js';
import { type Preprocess, preprocessDims } from '../data/preprocess.js';
import { preprocessPicture } from '../data/preprocess-picture.js';
import type { DataSource, Picture, Sample, SampleTensor } from '../data/sample.js';
import type { Feed, ValueInfo } from '../runtime/session.js';
import { castTo, emptyOf, wholeRange } from '../runtime/tensors.js';

/** Pictures that are decoded at the same time: enough for the decoder's threads, few enough for memory. */
const READ_AHEAD = 8;

/** Inputs of some samples, ready to be fed. */
export interface Batch {
  /** Index of the first sample. */
  readonly start: number;
  /** Samples that count; the rows behind them are padding. */
  readonly samples: number;
  readonly feeds: Readonly<Record<string, Feed>>;
}

/** Makes one batch after another; a batch is valid until the next but one is asked for. */
export interface BatchReader {
  /** Rows of every batch: the model's fixed batch size, or what was asked for. */
  readonly size: number;
  read(start: number, samples: number): Promise<Batch>;
}

/** What a BatchReader needs. */
export interface BatchOptions {
  readonly source: DataSource;
  /** The model's inputs, first axis the batch. */
  readonly inputs: readonly ValueInfo[];
  /** Rows a batch should have, where the model leaves that open. */
  readonly batch: number;
  /** Needed for pictures. */
  readonly preprocess?: Preprocess;
  /** For the message when it is needed and not there. */
  readonly preprocessProblem?: string;
}

/** Checks what can be checked before the first sample. INVALID_ARGUMENT, SHAPE_MISMATCH. */
export function batchReader(options: BatchOptions): BatchReader {
  const { source, inputs, batch } = options;
  const fixed = fixedBatch(inputs);
  const size = fixed ?? batch;
  // Two sets of memory: one is run while the other is filled.
  const slots = [new Map<string, Buffer>(), new Map<string, Buffer>()];
  let turn = 0;
  return {
    size,
    async read(start, samples) {
      const kept = slots[turn];
      const buffers = new Map<string, Buffer>();
      turn = 1 - turn;
      const rows = fixed ?? samples;
      await forEachIndex(samples, READ_AHEAD, async (row) => {
        const sample = await source.read(start + row);
        const doing = `Reading sample ${nameOf(source, start + row)} of ${source.name}`;
        writeSample({ ...options, sample, row, size, buffers, kept, doing });
      });
      const feeds: Record<string, Feed> = {};
      for (const { name } of inputs) {
        // writeSample has filled every input.
        const buffer = buffers.get(name) as Buffer;
        const { data, dims, numbers } = buffer;
        kept.set(name, buffer);
        // Repeating a real sample cannot make a number that no sample makes, as zeros might (0/0).
        for (let row = samples; row < rows; row++) data.copyWithin(row * numbers, 0, numbers);
        feeds[name] = { data: data.subarray(0, rows * numbers), dims: [rows, ...dims] };
      }
      return { start, samples, feeds };
    },
  };
}

/** The rows of one input; all samples of a batch have the same `dims`. */
interface Buffer {
  readonly data: NumericArray;
  readonly dims: readonly number[];
  readonly numbers: number;
}

interface Writing extends BatchOptions {
  readonly sample: Sample;
  readonly row: number;
  /** Rows the buffers must have room for. */
  readonly size: number;
  /** Of this batch, by input name. */
  readonly buffers: Map<string, Buffer>;
  /** Of a batch before, to be used again where the shape is the same. */
  readonly kept: ReadonlyMap<string, Buffer>;
  readonly doing: string;
}

function writeSample(writing: Writing): void {
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
  if (unknown !== undefined || ('' in given && inputs.length !== 1)) {
    throw new TailorError(
      'INVALID_ARGUMENT',
      `${doing}: the data has ${unknown === undefined ? 'one array' : `an array "${unknown}"`}, but the model's inputs are ${namesOf(inputs)}. ` +
        'Name the arrays as the inputs are.',
    );
  }
  for (const input of inputs) {
    const tensor = given[input.name] ?? given[''];
    if (!tensor) {
      throw new TailorError(
        'INVALID_ARGUMENT',
        `${doing}: the data has nothing for the model's input "${input.name}"; it has ${Object.keys(given).join(', ') || 'nothing'}.`,
      );
    }
    const buffer = bufferFor(writing, input, tensor.dims, () => `${doing}: the sample gives`);
    put(buffer, row, input, tensor.data, doing);
  }
}

/** The buffer of an input, checked against the sample's shape; made with the first sample. */
function bufferFor(
  { size, buffers, kept }: Writing,
  input: ValueInfo,
  dims: readonly number[],
  gives: () => string,
): Buffer {
  const same = (buffer: Buffer | undefined) =>
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
    before && same(before) ? before : { data: emptyOf(input.type, size * numbers), dims, numbers };
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

function put(buffer: Buffer, row: number, input: ValueInfo, data: NumericArray, doing: string): void {
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

/** The batch size that the model is built for, or undefined where every input leaves it open. */
export function fixedBatch(inputs: readonly ValueInfo[]): number | undefined {
  const flat = inputs.find((input) => input.dims.length === 0);
  if (flat || inputs.length === 0) {
    throw new TailorError(
      'INVALID_ARGUMENT',
      `Feeding the model: ${flat ? `its input "${flat.name}" is a single number and has no batch axis` : 'it has no inputs'}; ` +
        'every input needs the batch as its first axis. Make such inputs constants of the model.',
    );
  }
  const sizes = [...new Set(inputs.map((input) => input.dims[0]).filter((size) => typeof size === 'number'))];
  if (sizes.length > 1) {
    throw new TailorError(
      'INVALID_ARGUMENT',
      `Feeding the model: its inputs have different first axes (${sizes.join(', ')}); every input needs the batch as its first axis.`,
    );
  }
  return sizes[0];
}

/** Calls `task` for 0 … count−1, at most `width` at a time; waits for those under way before it throws. */
async function forEachIndex(
  count: number,
  width: number,
  task: (index: number) => Promise<void>,
): Promise<void> {
  let next = 0;
  let failed = false;
  const worker = async () => {
    while (next < count && !failed) {
      try {
        await task(next++);
      } catch (error) {
        failed = true;
        throw error;
      }
    }
  };
  const ends = await Promise.allSettled(Array.from({ length: Math.min(width, count) }, worker));
  for (const end of ends) if (end.status === 'rejected') throw end.reason;
}

function nameOf(source: DataSource, index: number): string {
  return source.sampleName?.(index) ?? `${index}`;
}

function namesOf(inputs: readonly ValueInfo[]): string {
  return inputs.map((input) => `"${input.name}"`).join(', ');
}
