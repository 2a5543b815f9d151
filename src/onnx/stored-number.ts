/** Single numbers that lie in the file: bounds, factors, exponents. */

import { dtypeOf } from './dtypes.js';
import { isExternal } from './external-data.js';
import type { GraphView } from './graph-view.js';
import { findStatic, isRefusal } from './static-tensor.js';
import { decodeStored, elementCount } from './tensor-data.js';

/** Whether `name` is one stored number, of whatever rank. */
export function isStoredNumber(view: GraphView, name: string): boolean {
  if (!view.initializers.has(name) && !view.producers.has(name)) return false;
  const found = findStatic(view, name);
  return !isRefusal(found) && elementCount(found.dims) === 1;
}

/** A single floating-point number that is stored in the model's own file, or undefined. */
export function storedNumber(view: GraphView, name: string): number | undefined {
  if (!isStoredNumber(view, name)) return undefined;
  const found = findStatic(view, name);
  if (isRefusal(found) || isExternal(found.proto) || !dtypeOf(found.proto.dataType)) return undefined;
  return decodeStored(found.proto)[0];
}
