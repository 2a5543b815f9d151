/**
 * Edits an encoded protobuf message without decoding it: what is not edited is copied byte for byte, whatever order,
 * packing, varint width or unknown fields the writer used. Only the lengths of the messages around an edit change.
 */
import { TailorError } from '../array/errors.js';
import { encodeVarint, listFields, Wire, type WireField } from './wire.js';

/** Which occurrence (`index`, from 0, in file order) of which field, from the outermost message inwards. */
export type FieldPath = readonly (readonly [field: number, index: number])[];

/** One change. `records` are whole encoded fields (tags included), e.g. the encoding of a partial message. */
export type Edit =
  /** Puts another value into a length-delimited field. */
  | { readonly kind: 'replace'; readonly at: FieldPath; readonly payload: Uint8Array }
  /** Takes a field out. */
  | { readonly kind: 'remove'; readonly at: FieldPath }
  /** Puts records right behind a field. */
  | { readonly kind: 'insert'; readonly after: FieldPath; readonly records: Uint8Array }
  /** Puts records behind the last occurrence of `field` in the message at `into` (at its end if there is none). */
  | {
      readonly kind: 'append';
      readonly into: FieldPath;
      readonly field: number;
      readonly records: Uint8Array;
    }
  /** Replaces all occurrences of `fields` in the message at `into` by `records`. */
  | {
      readonly kind: 'set';
      readonly into: FieldPath;
      readonly fields: readonly number[];
      readonly records: Uint8Array;
    };

/** The edits that concern one message or field, as a tree over the paths. */
class Plan {
  payload: Uint8Array | undefined;
  removed = false;
  readonly after: Uint8Array[] = [];
  readonly appends: { field: number; records: Uint8Array }[] = [];
  readonly sets: { fields: readonly number[]; records: Uint8Array }[] = [];
  readonly children = new Map<string, Plan>();

  child(path: FieldPath): Plan {
    let plan: Plan = this;
    for (const [field, index] of path) {
      const key = `${field}:${index}`;
      let next = plan.children.get(key);
      if (!next) {
        next = new Plan();
        plan.children.set(key, next);
      }
      plan = next;
    }
    return plan;
  }

  get changesInside(): boolean {
    return this.children.size > 0 || this.appends.length > 0 || this.sets.length > 0;
  }
}

/** `bytes` with `edits` applied. All paths mean the message as it was before. Throws MODEL_INVALID on damaged bytes. */
export function splice(bytes: Uint8Array, edits: readonly Edit[]): Uint8Array<ArrayBuffer> {
  return concatenate(spliceParts(bytes, edits));
}

/** The same in parts, to be put behind each other: what is not edited are views of `bytes`. */
export function spliceParts(bytes: Uint8Array, edits: readonly Edit[]): Uint8Array[] {
  const root = new Plan();
  for (const edit of edits) {
    switch (edit.kind) {
      case 'replace':
        root.child(edit.at).payload = edit.payload;
        break;
      case 'remove':
        root.child(edit.at).removed = true;
        break;
      case 'insert':
        root.child(edit.after).after.push(edit.records);
        break;
      case 'append':
        root.child(edit.into).appends.push(edit);
        break;
      case 'set':
        root.child(edit.into).sets.push(edit);
        break;
    }
  }
  return rewrite(bytes, 0, bytes.length, root);
}

function rewrite(bytes: Uint8Array, start: number, end: number, plan: Plan): Uint8Array[] {
  if (!plan.changesInside) return [bytes.subarray(start, end)];
  const fields = listFields(bytes, start, end);
  const lastOf = new Map<number, WireField>();
  for (const field of fields) lastOf.set(field.field, field);
  const out: Uint8Array[] = [];
  const seen = new Map<number, number>();
  const written = new Set<(typeof plan.sets)[number]>();
  let copied = start;
  let used = 0;
  for (const field of fields) {
    const index = seen.get(field.field) ?? 0;
    seen.set(field.field, index + 1);
    const set = plan.sets.find((candidate) => candidate.fields.includes(field.field));
    const child = plan.children.get(`${field.field}:${index}`);
    if (child) used++;
    if (set || child) {
      out.push(bytes.subarray(copied, field.start));
      copied = field.end;
      if (set) {
        if (!written.has(set)) out.push(set.records);
        written.add(set);
      } else if (child) {
        if (!child.removed) out.push(...rewriteField(bytes, field, child));
        out.push(...child.after);
      }
    }
    for (const append of plan.appends) {
      if (lastOf.get(append.field) !== field) continue;
      out.push(bytes.subarray(copied, field.end), append.records);
      copied = field.end;
    }
  }
  out.push(bytes.subarray(copied, end));
  for (const set of plan.sets) if (!written.has(set)) out.push(set.records);
  for (const append of plan.appends) if (!lastOf.has(append.field)) out.push(append.records);
  if (used !== plan.children.size) {
    throw new TailorError(
      'MODEL_INVALID',
      `Editing the ONNX model: an edit is meant for ${[...plan.children.keys()].join(', ')}, but the file has no such field.`,
    );
  }
  return out;
}

function rewriteField(bytes: Uint8Array, field: WireField, plan: Plan): Uint8Array[] {
  if (field.wire !== Wire.bytes && (plan.payload || plan.changesInside)) {
    throw new TailorError(
      'MODEL_INVALID',
      `Editing the ONNX model: field ${field.field} is not a message or string.`,
    );
  }
  if (!plan.payload && !plan.changesInside) return [bytes.subarray(field.start, field.end)];
  const body = plan.payload ? [plan.payload] : rewrite(bytes, field.body, field.end, plan);
  const length = body.reduce((sum, part) => sum + part.length, 0);
  // The tag is kept as it was written; the length as well, unless it changes.
  const tagEnd = tagLength(bytes, field.start);
  const prefix =
    length === field.end - field.body
      ? bytes.subarray(field.start, field.body)
      : concatenate([bytes.subarray(field.start, tagEnd), encodeVarint(length)]);
  return [prefix, ...body];
}

function tagLength(bytes: Uint8Array, start: number): number {
  let at = start;
  while (bytes[at] >= 0x80) at++;
  return at + 1;
}

/** The parts behind each other. */
export function concatenate(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
