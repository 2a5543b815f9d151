/**
 * The header of numpy's .npy format (NEP 1; versions 1.0, 2.0 and 3.0): magic, version, length, and the text of a
 * Python dictionary `{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }`.
 */
import { HOST_IS_LITTLE_ENDIAN } from './byte-order.js';
import { TailorError } from './errors.js';
import { limit, limitExceeded } from './limits.js';

/** What the header says; sizes are checked to be whole and within limits, not against the bytes that follow. */
export interface NpyHeader {
  /** numpy's type string: byte order, kind, bytes per item ('U': code points per item), e.g. '<f4'. */
  readonly dtype: string;
  readonly kind: 'i' | 'u' | 'f' | 'b' | 'U' | 'S';
  /** Bytes of one item. 0 for the empty string types '<U0' and '|S0'. */
  readonly itemBytes: number;
  readonly littleEndian: boolean;
  readonly fortranOrder: boolean;
  readonly shape: number[];
  /** Product of the shape. */
  readonly items: number;
  /** Where the data start. */
  readonly dataOffset: number;
}

const MAGIC = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59];
const WIDTHS: Record<string, readonly number[]> = { i: [1, 2, 4, 8], u: [1, 2, 4, 8], f: [2, 4, 8], b: [1] };

/** Reads the header at the start of `bytes` (which may end anywhere after it). FORMAT_INVALID, FORMAT_UNSUPPORTED, LIMIT_EXCEEDED. */
export function parseNpyHeader(bytes: Uint8Array, name: string): NpyHeader {
  const invalid = (found: string) =>
    new TailorError('FORMAT_INVALID', `Reading ${name}: ${found}. Write the array again with numpy.save.`);
  if (bytes.length < 10 || MAGIC.some((byte, i) => bytes[i] !== byte)) {
    throw invalid(
      bytes.length === 0
        ? 'the .npy array is empty (0 bytes)'
        : 'not a .npy array (numpy’s magic is missing)',
    );
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const version = bytes[6];
  if (version < 1 || version > 3) {
    throw new TailorError(
      'FORMAT_UNSUPPORTED',
      `Reading ${name}: .npy version ${version}.${bytes[7]} is not known; versions 1, 2 and 3 are read.`,
    );
  }
  const textOffset = version === 1 ? 10 : 12;
  if (bytes.length < textOffset) throw invalid('the header is cut off');
  const length = version === 1 ? view.getUint16(8, true) : view.getUint32(8, true);
  if (length > limit('npyHeaderBytes')) {
    throw limitExceeded('npyHeaderBytes', `Reading ${name}: its header claims ${length} bytes`);
  }
  const dataOffset = textOffset + length;
  if (bytes.length < dataOffset)
    throw invalid(`the header is cut off after ${bytes.length} of ${dataOffset} bytes`);
  const text = new TextDecoder(version === 3 ? 'utf-8' : 'latin1').decode(
    bytes.subarray(textOffset, dataOffset),
  );
  const fields = parseDictionary(text);
  if (!fields)
    throw invalid(`the header is not the dictionary that numpy writes: ${text.trim().slice(0, 100)}`);
  const type = parseType(fields.descr, name);
  const shape = parseShape(fields.shape, name);
  const items = shape.reduce((product, size) => product * size, 1);
  if (!Number.isSafeInteger(items * Math.max(1, type.itemBytes))) {
    throw invalid(`the header claims the impossible shape (${shape.join(', ')})`);
  }
  if (!WIDTHS[type.kind] && items > limit('strings')) {
    throw limitExceeded('strings', `Reading ${name}: it has ${items} strings`);
  }
  return { ...type, fortranOrder: fields.fortran_order === 'True', shape, items, dataOffset };
}

/** Version 1.0 header of a C-order array, padded as numpy does so that the data start at a multiple of 64. */
export function encodeNpyHeader(dtype: string, shape: readonly number[]): Uint8Array<ArrayBuffer> {
  const sizes = shape.length === 1 ? `${shape[0]},` : shape.join(', ');
  const dictionary = `{'descr': '${dtype}', 'fortran_order': False, 'shape': (${sizes}), }`;
  const total = Math.ceil((10 + dictionary.length + 1) / 64) * 64;
  const bytes = new Uint8Array(total).fill(0x20);
  bytes.set([...MAGIC, 1, 0, (total - 10) & 0xff, (total - 10) >> 8]);
  for (let i = 0; i < dictionary.length; i++) bytes[10 + i] = dictionary.charCodeAt(i);
  bytes[total - 1] = 0x0a;
  return bytes;
}

/** The three values as text, or undefined when the text is anything but such a dictionary. */
function parseDictionary(text: string): { descr: string; fortran_order: string; shape: string } | undefined {
  // A list value is a structured type; its text may nest, and only its first bracket is looked at.
  const pair =
    /\s*(['"])(descr|fortran_order|shape)\1\s*:\s*('[^']*'|"[^"]*"|True|False|\([^()]*\)|\[.*\])\s*(,|(?=\}))/y;
  const found = new Map<string, string>();
  pair.lastIndex = text.indexOf('{') + 1;
  if (text.slice(0, pair.lastIndex).trim() !== '{') return undefined;
  let end = pair.lastIndex;
  for (let match = pair.exec(text); match; match = pair.exec(text)) {
    if (found.has(match[2])) return undefined;
    found.set(match[2], match[3]);
    end = pair.lastIndex;
  }
  if (text.slice(end).trim() !== '}') return undefined;
  const descr = found.get('descr');
  const order = found.get('fortran_order');
  const shape = found.get('shape');
  if (!descr || !/^['"[]/.test(descr) || !shape?.startsWith('(') || !order || !/^(True|False)$/.test(order)) {
    return undefined;
  }
  return { descr, fortran_order: order, shape };
}

function parseType(
  descr: string,
  name: string,
): Pick<NpyHeader, 'dtype' | 'kind' | 'itemBytes' | 'littleEndian'> {
  const dtype = descr.slice(1, -1);
  if (!descr.startsWith('[') && /^[<>=|]?O/.test(dtype)) {
    throw new TailorError(
      'FORMAT_UNSUPPORTED',
      `Reading ${name}: an object array is a Python pickle, and reading one would run what it says. ` +
        'Save numbers or strings instead, e.g. array.astype("float32") or array.astype(str).',
    );
  }
  const match = /^([<>=|]?)([iufbUS])(\d{1,10})$/.exec(dtype);
  const kind = match?.[2] as NpyHeader['kind'] | undefined;
  const width = Number(match?.[3]);
  if (descr.startsWith('[') || !match || !kind || (WIDTHS[kind] && !WIDTHS[kind].includes(width))) {
    throw new TailorError(
      'FORMAT_UNSUPPORTED',
      `Reading ${name}: the type ${descr.slice(0, 60)} is not read; integers of 1 to 8 bytes, float16, float32, ` +
        'float64, bool and strings (U, S) are. Convert it with array.astype(…) in numpy.',
    );
  }
  const itemBytes = kind === 'U' ? width * 4 : width;
  if (!WIDTHS[kind] && itemBytes > limit('stringBytes')) {
    throw limitExceeded('stringBytes', `Reading ${name}: each of its strings has ${itemBytes} bytes`);
  }
  return {
    dtype,
    kind,
    itemBytes,
    littleEndian: match[1] === '>' ? false : match[1] === '<' ? true : HOST_IS_LITTLE_ENDIAN,
  };
}

function parseShape(text: string, name: string): number[] {
  const parts = text
    .slice(1, -1)
    .split(',')
    .map((part) => part.trim());
  // (), (3,) and (3, 4), but not (3): a number in brackets is no tuple.
  const last = parts.at(-1) === '' ? parts.pop() : undefined;
  // Python 2 wrote long integers as 3L.
  if (!parts.every((part) => /^\d{1,16}L?$/.test(part)) || (parts.length === 1 && last === undefined)) {
    throw new TailorError(
      'FORMAT_INVALID',
      `Reading ${name}: the header’s shape ${text.slice(0, 60)} is not a tuple of sizes.`,
    );
  }
  const shape = parts.map((part) => Number.parseInt(part, 10));
  if (shape.length > limit('arrayAxes')) {
    throw limitExceeded('arrayAxes', `Reading ${name}: it has ${shape.length} axes`);
  }
  return shape;
}
