/** Class names in a file of arrays. */
import type { ArrayFile } from '../array/array-file.js';
import { TailorError } from '../array/errors.js';
import { assertNameLengths } from '../array/names.js';

/** The strings [C] under `classes`, or undefined where there is no such array. FORMAT_INVALID for anything else, LIMIT_EXCEEDED for a long name. */
export async function readClasses(npz: ArrayFile): Promise<readonly string[] | undefined> {
  if (!npz.has('classes')) return undefined;
  const { strings, shape, dtype } = await npz.read('classes');
  if (strings && shape.length === 1) {
    assertNameLengths(strings, `Reading classes of ${npz.name}`);
    return strings;
  }
  throw new TailorError(
    'FORMAT_INVALID',
    `Reading ${npz.name}: classes must be one axis of strings, the class names; it has type ${dtype} and shape [${shape.join(', ')}].`,
  );
}
