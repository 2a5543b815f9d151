/** What a graft collects on its way: edits, notes, new tensors and side files. */

import { create } from '@bufbuild/protobuf';
import { TensorProto_DataType as DataType, type TensorProto, TensorProtoSchema } from 'onnx-buf';
import { platform } from '#platform';
import { TailorError } from '../array/errors.js';
import { toBfloat16, toFloat16 } from '../array/float16.js';
import type { FloatArray } from '../array/matrix.js';
import { dataTypeOf, encodeFloats, type HeadDtype, largestOf, roundTo } from './dtypes.js';
import { externalReference, isExternal, storedTensors } from './external-data.js';
import {
  appendInitializer,
  appendInput,
  externalContents,
  freshName,
  graphPath,
  setTensorData,
  setTensorReference,
  type TensorContents,
} from './graph-edits.js';
import { type GraphView, graphView } from './graph-view.js';
import type { HeadLocation } from './head-location.js';
import type { ModelFile } from './model-file.js';
import { valueInfo } from './protos.js';
import { concatenate, type Edit, type FieldPath } from './splice.js';

/** Each tensor in a side file starts at a multiple of this, so that runtimes can map it into memory. */
const pageSize = 4096;

/** One graft in progress. */
export class GraftWork {
  readonly view: GraphView;
  readonly edits: Edit[] = [];
  readonly notes: string[] = [];
  /** The head as it will be read back, where rounding alone does not tell. */
  stored: { weight: FloatArray; bias: FloatArray } | undefined;
  readonly #given = new Set<string>();
  readonly #parts: Uint8Array[] = [];
  #sideBytes = 0;
  /** Edits that name the side file: its name is known when its content is. */
  readonly #unnamed: { readonly index: number; readonly named: (location: string) => Edit }[] = [];
  readonly #replaced = new Set<TensorProto>();

  constructor(
    readonly file: ModelFile,
    readonly location: HeadLocation,
    readonly outName: string,
    readonly doing: string,
  ) {
    this.view = graphView(file);
  }

  /** The head's number type. */
  get dtype(): HeadDtype {
    return this.location.dtype;
  }

  /** `values` as the head's type holds them; `old` itself where nothing changed. HEAD_OVERFLOW. */
  round(values: FloatArray, old: FloatArray, name: (index: number) => string): FloatArray {
    // Gemm's alpha can give numbers that the type cannot hold; they are rounded when they are written, not before.
    if (values.every((value, i) => value === old[i])) return old;
    const rounded = roundTo(this.dtype, values);
    let worst = 0;
    for (let i = 0; i < values.length; i++) {
      if (!Number.isFinite(rounded[i])) {
        throw new TailorError(
          'HEAD_OVERFLOW',
          `${this.doing}: the ${name(i)} is ${values[i]}, but the head is ${this.dtype}, which ends at ${largestOf[this.dtype]}. ` +
            'Use a smaller adjustment, or a float32 export of the model.',
        );
      }
      worst = Math.max(worst, Math.abs(rounded[i] - values[i]));
    }
    if (
      worst > 0 &&
      this.dtype !== 'float64' &&
      (this.dtype !== 'float32' || values instanceof Float64Array)
    ) {
      this.notes.push(
        `The head's numbers were rounded to ${this.dtype} (by at most ${worst.toPrecision(2)}).`,
      );
    }
    return rounded;
  }

  /** A tensor name that is free. */
  fresh(base: string): string {
    return freshName(this.view, this.#given, base);
  }

  /** Replaces the data of a stored tensor in the way it is stored. */
  replaceData(path: FieldPath, tensor: TensorProto, values: FloatArray): void {
    this.#replaced.add(tensor);
    if (isExternal(tensor)) {
      const place = this.#putAside(encodeFloats(this.dtype, values));
      this.#editNamed((location) => setTensorReference(path, { ...place, location }));
      return;
    }
    const contents =
      tensor.rawData.length > 0 ? { rawData: encodeFloats(this.dtype, values) } : this.#typed(values);
    this.edits.push(setTensorData(path, contents));
  }

  /** Adds an initializer and returns its name; its data goes to the side file where that of `like` is external. */
  addInitializer(base: string, values: FloatArray, dims: readonly number[], like?: TensorProto): string {
    const name = this.fresh(base);
    const bytes = encodeFloats(this.dtype, values);
    const dataType = dataTypeOf[this.dtype];
    const append = (contents: TensorContents | ReturnType<typeof externalContents>) =>
      appendInitializer(create(TensorProtoSchema, { name, dims: dims.map(BigInt), dataType, ...contents }));
    if (like && isExternal(like)) {
      const place = this.#putAside(bytes);
      this.#editNamed((location) => append(externalContents({ ...place, location })));
    } else this.edits.push(append({ rawData: bytes }));
    // Before IR version 4, initializers are inputs of the graph as well.
    if (this.view.irVersion < 4) this.edits.push(appendInput(valueInfo(name, this.dtype, dims)));
    return name;
  }

  /** Says that a tensor is no longer in the file. */
  dropped(tensor: TensorProto): void {
    this.#replaced.add(tensor);
  }

  /**
   * The new side file. Its name has the sha256 of its content in it, so that no model that is there already refers to it and
   * means something else: it can be written before the model that needs it, and that one replaced at once.
   */
  async sideFiles(): Promise<{ location: string; bytes: Uint8Array }[]> {
    if (this.#parts.length === 0) return [];
    const bytes = concatenate(this.#parts);
    const location = `${platform.baseName(this.outName)}.head-${(await platform.sha256(bytes)).slice(0, 12)}.data`;
    for (const { index, named } of this.#unnamed) this.edits[index] = named(location);
    this.notes.push(`The new head's numbers are in ${location}, to be kept beside the model.`);
    return [{ location, bytes }];
  }

  keptSideFiles(): string[] {
    const locations = new Set<string>();
    for (const { tensor } of storedTensors(this.view.graph, graphPath)) {
      if (isExternal(tensor) && !this.#replaced.has(tensor))
        locations.add(externalReference(tensor).location);
    }
    return [...locations].sort();
  }

  #editNamed(named: (location: string) => Edit): void {
    this.#unnamed.push({ index: this.edits.length, named });
    this.edits.push(named(''));
  }

  #putAside(bytes: Uint8Array) {
    const gap = (pageSize - (this.#sideBytes % pageSize)) % pageSize;
    const place = { offset: this.#sideBytes + gap, length: bytes.length };
    this.#parts.push(new Uint8Array(gap), bytes);
    this.#sideBytes += gap + bytes.length;
    return place;
  }

  #typed(values: FloatArray): TensorContents {
    switch (dataTypeOf[this.dtype]) {
      case DataType.DOUBLE:
        return { doubleData: Array.from(values) };
      case DataType.FLOAT:
        return { floatData: Array.from(values) };
      case DataType.FLOAT16:
        return { int32Data: Array.from(values, toFloat16) };
      default:
        return { int32Data: Array.from(values, toBfloat16) };
    }
  }
}
