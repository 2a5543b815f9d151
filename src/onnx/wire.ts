/**
 * Protobuf's wire format, as far as splicing and checking need it: where each field of a message starts and ends.
 * protobuf-es reads messages leniently (a length that runs past its parent is not noticed); `checkWire` does not.
 */
import type { DescField, DescMessage } from '@bufbuild/protobuf';
import { ScalarType } from '@bufbuild/protobuf';
import { TailorError } from '../array/errors.js';

/** Wire types of protobuf. */
export const Wire = { varint: 0, bits64: 1, bytes: 2, startGroup: 3, endGroup: 4, bits32: 5 } as const;

/** One field as it lies in the file. */
export interface WireField {
  readonly field: number;
  readonly wire: number;
  /** Where its tag starts. */
  readonly start: number;
  /** Where its value starts (after the length, for a length-delimited field). */
  readonly body: number;
  /** Where it ends. */
  readonly end: number;
}

/** Nesting allowed in a model; protobuf-es and onnxruntime stop at 100 as well. */
const maximumDepth = 100;

function invalid(found: string): TailorError {
  return new TailorError(
    'MODEL_INVALID',
    `Reading the ONNX model: ${found}. The file is damaged or cut off, or not ONNX; get it again.`,
  );
}

/** Reads a varint of at most 10 bytes; numbers above 2^53 lose precision, which no length or tag needs. */
function readVarint(bytes: Uint8Array, at: number, end: number): { value: number; next: number } {
  let value = 0;
  let scale = 1;
  for (let i = at; i < end && i < at + 10; i++) {
    value += (bytes[i] & 0x7f) * scale;
    scale *= 128;
    if (bytes[i] < 0x80) return { value, next: i + 1 };
  }
  throw invalid(
    at + 10 <= end
      ? `the number at byte ${at} does not end`
      : `a field starts at byte ${at}, but its enclosing part ends there`,
  );
}

/** The varint encoding of a non-negative integer. */
export function encodeVarint(value: number): Uint8Array<ArrayBuffer> {
  const bytes: number[] = [];
  let rest = value;
  while (rest >= 128) {
    bytes.push((rest % 128) + 128);
    rest = Math.floor(rest / 128);
  }
  bytes.push(rest);
  return new Uint8Array(bytes);
}

/** The field at byte `at` of a message that ends at `end`. Throws MODEL_INVALID where it does not fit. */
export function readField(bytes: Uint8Array, at: number, end: number): WireField {
  const tag = readVarint(bytes, at, end);
  const field = Math.floor(tag.value / 8);
  const wire = tag.value % 8;
  if (field < 1 || field > 0x1fffffff) throw invalid(`field number ${field} at byte ${at} is not allowed`);
  let body = tag.next;
  let fieldEnd = body;
  switch (wire) {
    case Wire.varint:
      fieldEnd = readVarint(bytes, body, end).next;
      break;
    case Wire.bits64:
      fieldEnd = body + 8;
      break;
    case Wire.bits32:
      fieldEnd = body + 4;
      break;
    case Wire.bytes: {
      const length = readVarint(bytes, body, end);
      body = length.next;
      fieldEnd = body + length.value;
      break;
    }
    case Wire.startGroup:
      fieldEnd = skipGroup(bytes, body, end, field);
      break;
    default:
      throw invalid(`wire type ${wire} at byte ${at} is not allowed there`);
  }
  if (fieldEnd > end) {
    throw invalid(
      end === bytes.length
        ? `field ${field} at byte ${at} needs ${fieldEnd - body} bytes, but the file ends ${end - body} bytes later`
        : `field ${field} at byte ${at} needs ${fieldEnd - body} bytes, but its enclosing part has only ${end - body} left`,
    );
  }
  return { field, wire, start: at, body, end: fieldEnd };
}

/** The end of a group whose fields start at `at`; nested groups are counted, not recursed into. */
function skipGroup(bytes: Uint8Array, at: number, end: number, field: number): number {
  const open = [field];
  let position = at;
  while (open.length > 0) {
    const tag = readVarint(bytes, position, end);
    const wire = tag.value % 8;
    const number = Math.floor(tag.value / 8);
    if (wire === Wire.endGroup) {
      if (open.pop() !== number) throw invalid(`the group that ends at byte ${position} was never started`);
      position = tag.next;
    } else if (wire === Wire.startGroup) {
      if (open.length >= maximumDepth) throw invalid(`groups nest deeper than ${maximumDepth}`);
      open.push(number);
      position = tag.next;
    } else {
      position = readField(bytes, position, end).end;
    }
  }
  return position;
}

/** All fields of the message in bytes[start, end), in file order. */
export function listFields(bytes: Uint8Array, start: number, end: number): WireField[] {
  const fields: WireField[] = [];
  for (let at = start; at < end; ) {
    const field = readField(bytes, at, end);
    fields.push(field);
    at = field.end;
  }
  return fields;
}

function expectedWire(field: DescField): number {
  if (field.fieldKind === 'message' || (field.fieldKind === 'list' && field.listKind === 'message'))
    return Wire.bytes;
  if (field.fieldKind === 'enum' || (field.fieldKind === 'list' && field.listKind === 'enum'))
    return Wire.varint;
  switch (field.scalar) {
    case ScalarType.STRING:
    case ScalarType.BYTES:
      return Wire.bytes;
    case ScalarType.DOUBLE:
    case ScalarType.FIXED64:
    case ScalarType.SFIXED64:
      return Wire.bits64;
    case ScalarType.FLOAT:
    case ScalarType.FIXED32:
    case ScalarType.SFIXED32:
      return Wire.bits32;
    default:
      return Wire.varint;
  }
}

/**
 * Walks the whole file and throws MODEL_INVALID unless every field of every message that `schema` knows has the right
 * wire type and ends inside its parent. Iterative; skips over tensor data, so it costs microseconds per node.
 */
export function checkWire(schema: DescMessage, bytes: Uint8Array): void {
  const known = new Map<
    DescMessage,
    Map<number, { wire: number; packable: boolean; message?: DescMessage; name: string }>
  >();
  const fieldsOf = (message: DescMessage) => {
    let fields = known.get(message);
    if (!fields) {
      fields = new Map();
      for (const field of message.fields) {
        const wire = expectedWire(field);
        fields.set(field.number, {
          wire,
          packable: field.fieldKind === 'list' && wire !== Wire.bytes,
          message: field.message,
          name: `${message.name}.${field.name}`,
        });
      }
      known.set(message, fields);
    }
    return fields;
  };
  const open: { message: DescMessage; at: number; end: number; depth: number }[] = [
    { message: schema, at: 0, end: bytes.length, depth: 1 },
  ];
  for (let part = open.pop(); part; part = open.pop()) {
    if (part.depth > maximumDepth) throw invalid(`its messages nest deeper than ${maximumDepth}`);
    const fields = fieldsOf(part.message);
    for (let at = part.at; at < part.end; ) {
      const found = readField(bytes, at, part.end);
      at = found.end;
      const field = fields.get(found.field);
      if (!field) continue;
      if (found.wire !== field.wire && !(field.packable && found.wire === Wire.bytes)) {
        throw invalid(
          `${field.name} at byte ${found.start} has wire type ${found.wire} instead of ${field.wire}`,
        );
      }
      if (field.message) {
        open.push({ message: field.message, at: found.body, end: found.end, depth: part.depth + 1 });
      } else if (field.packable && found.wire === Wire.bytes) {
        checkPacked(bytes, found, field.wire, field.name);
      }
    }
  }
}

function checkPacked(bytes: Uint8Array, found: WireField, wire: number, name: string): void {
  const size = wire === Wire.bits64 ? 8 : wire === Wire.bits32 ? 4 : 0;
  const whole = size
    ? (found.end - found.body) % size === 0
    : found.end === found.body || bytes[found.end - 1] < 0x80;
  if (!whole) throw invalid(`the packed numbers of ${name} at byte ${found.start} end inside a number`);
}
