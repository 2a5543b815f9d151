/** The kept inputs of a store's parts as one. */
import { platform } from '#platform';
import type { NpyArray, NumericArray } from '../../array/npy.js';
import { readNpz } from '../../array/npz.js';
import type { StoreManifest } from './manifest.js';

/** The arrays input_rows and input:NAME; of inputs of several sizes those that have the size of the first ones. */
export async function mergeInputs(
  folder: string,
  set: readonly StoreManifest[],
): Promise<Record<string, NpyArray>> {
  const files: Map<string, NpyArray>[] = [];
  for (const { inputs } of set) {
    if (inputs) files.push(await readNpz(platform.joinPath(folder, inputs.file)));
  }
  const [first] = files;
  if (!first) return {};
  const same = files.filter((file) =>
    [...first].every(([name, array]) => shapeOfRow(file.get(name)) === shapeOfRow(array)),
  );
  // Not by assignment: an input may be called __proto__.
  return Object.fromEntries(
    Array.from(first.keys(), (name) => [name, joinRows(same.map((file) => file.get(name)!))]),
  );
}

const shapeOfRow = (array: NpyArray | undefined) => array && `${array.dtype} ${array.shape.slice(1).join()}`;

function joinRows(arrays: readonly NpyArray[]): NpyArray {
  const [{ dtype, shape, data }] = arrays;
  const length = arrays.reduce((sum, array) => sum + array.data.length, 0);
  const all = new (data.constructor as new (length: number) => NumericArray)(length);
  let at = 0;
  for (const array of arrays) {
    (all as Float32Array).set(array.data as Float32Array, at);
    at += array.data.length;
  }
  const rows = arrays.reduce((sum, array) => sum + array.shape[0], 0);
  return { dtype, shape: [rows, ...shape.slice(1)], data: all };
}
