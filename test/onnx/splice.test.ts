/** Splicing changes what it is told to and nothing else, whatever wrote the file. */
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import * as fc from 'fast-check';
import { GraphProtoSchema, ModelProtoSchema, TensorProtoSchema } from 'onnx-buf';
import { describe, expect, it } from 'vitest';
import { parseModel } from '../../src/onnx/model-file.js';
import { concatenate, type Edit, splice } from '../../src/onnx/splice.js';
import { encodeVarint } from '../../src/onnx/wire.js';
import { expectRefusal } from '../array/expect-refusal.js';

const utf8 = new TextEncoder();
const field = (number: number, payload: Uint8Array, padding = 0) =>
  concatenate([encodeVarint(number * 8 + 2), paddedVarint(payload.length, padding), payload]);
const text = (number: number, value: string) => field(number, utf8.encode(value));
const varint = (number: number, value: number) =>
  concatenate([encodeVarint(number * 8), encodeVarint(value)]);

/** A varint with useless zero groups behind it, which readers accept. */
function paddedVarint(value: number, padding: number): Uint8Array {
  const bytes = encodeVarint(value);
  if (padding === 0) return bytes;
  const padded = new Uint8Array(bytes.length + padding).fill(0x80);
  padded.set(bytes);
  padded[bytes.length - 1] |= 0x80;
  padded[padded.length - 1] = 0;
  return padded;
}

/** A tensor as various writers leave it: fields in any order, dims packed or not, unknown fields, a group. */
const tensor = fc
  .record({
    name: fc.string({ minLength: 1, maxLength: 8 }),
    dims: fc.array(fc.integer({ min: 0, max: 300 }), { maxLength: 3 }),
    packed: fc.boolean(),
    data: fc.uint8Array({ maxLength: 40 }),
    unknown: fc.boolean(),
    order: fc.integer(),
    padding: fc.integer({ min: 0, max: 2 }),
  })
  .map(({ name, dims, packed, data, unknown, order, padding }) => {
    const fields = [text(8, name), varint(2, 1), field(9, data, padding)];
    if (packed) fields.push(field(1, concatenate(dims.map(encodeVarint))));
    else for (const length of dims) fields.push(varint(1, length));
    if (unknown) {
      fields.push(
        text(999, 'kept'),
        concatenate([encodeVarint(1000 * 8 + 3), varint(1, 5), encodeVarint(1000 * 8 + 4)]),
      );
    }
    // Rotating is enough of a shuffle, and keeps the order of dims.
    const at = Math.abs(order) % fields.length;
    return concatenate([...fields.slice(at), ...fields.slice(0, at)]);
  });

const model = fc
  .record({
    tensors: fc.array(tensor, { minLength: 1, maxLength: 4 }),
    names: fc.array(fc.string({ maxLength: 6 }), { minLength: 1, maxLength: 4 }),
    graphFirst: fc.boolean(),
    padding: fc.integer({ min: 0, max: 3 }),
  })
  .map(({ tensors, names, graphFirst, padding }) => {
    const nodes = names.map((name) =>
      field(1, concatenate([text(4, 'Identity'), text(1, name), text(2, `${name}2`)])),
    );
    const initializers = tensors.map((bytes) => field(5, bytes, padding));
    // Nodes and initializers interleaved.
    const parts = Array.from({ length: Math.max(nodes.length, initializers.length) }, (_, i) => [
      initializers[i],
      nodes[i],
    ]);
    const graph = field(7, concatenate(parts.flat().filter((part) => part !== undefined)), padding);
    const rest = [varint(1, 8), field(8, varint(2, 17)), text(2, 'someone')];
    return { bytes: concatenate(graphFirst ? [graph, ...rest] : [...rest, graph]), tensors, nodes };
  });

const parse = (bytes: Uint8Array) => fromBinary(ModelProtoSchema, bytes);

describe('splice', () => {
  it('gives the same bytes for no edits, and for edits that put back what was there', () => {
    fc.assert(
      fc.property(model, ({ bytes, tensors }) => {
        expect(splice(bytes, [])).toEqual(bytes);
        const edits = tensors.map(
          (payload, i): Edit => ({
            kind: 'replace',
            at: [
              [7, 0],
              [5, i],
            ],
            payload,
          }),
        );
        expect(splice(bytes, edits)).toEqual(bytes);
      }),
    );
  });

  it('changes the message as the edits say and nothing else', () => {
    fc.assert(
      fc.property(
        model,
        fc.nat(),
        fc.nat(),
        fc.uint8Array({ maxLength: 400 }),
        ({ bytes, tensors, nodes }, t, n, data) => {
          const [tensorAt, nodeAt] = [t % tensors.length, n % nodes.length];
          const rawData = toBinary(
            TensorProtoSchema,
            create(TensorProtoSchema, { rawData: data as Uint8Array<ArrayBuffer> }),
          );
          const added = toBinary(
            GraphProtoSchema,
            create(GraphProtoSchema, { initializer: [{ name: 'new' }] }),
          );
          const inserted = toBinary(
            GraphProtoSchema,
            create(GraphProtoSchema, { node: [{ opType: 'Relu' }] }),
          );
          const expected = parse(bytes);
          expected.graph!.initializer[tensorAt].rawData = data as Uint8Array<ArrayBuffer>;
          expected.graph!.initializer.push(create(TensorProtoSchema, { name: 'new' }));
          expected.graph!.node[nodeAt].input[0] = 'other';
          const relu = parse(
            splice(bytes, [{ kind: 'append', into: [[7, 0]], field: 1, records: inserted }]),
          ).graph!.node.at(-1)!;
          expected.graph!.node.splice(nodeAt + 1, 0, relu);
          expected.producerName = 'else';
          const edits: Edit[] = [
            {
              kind: 'set',
              into: [
                [7, 0],
                [5, tensorAt],
              ],
              fields: [9],
              records: rawData,
            },
            { kind: 'append', into: [[7, 0]], field: 5, records: added },
            {
              kind: 'replace',
              at: [
                [7, 0],
                [1, nodeAt],
                [1, 0],
              ],
              payload: utf8.encode('other'),
            },
            {
              kind: 'insert',
              after: [
                [7, 0],
                [1, nodeAt],
              ],
              records: inserted,
            },
            { kind: 'replace', at: [[2, 0]], payload: utf8.encode('else') },
          ];
          expect(parse(splice(bytes, edits))).toEqual(expected);
          const removed = parse(
            splice(bytes, [
              {
                kind: 'remove',
                at: [
                  [7, 0],
                  [5, tensorAt],
                ],
              },
            ]),
          );
          const without = parse(bytes);
          without.graph!.initializer.splice(tensorAt, 1);
          expect(removed).toEqual(without);
        },
      ),
    );
  });

  it('keeps lengths that were written longer than needed where they do not change', () => {
    const graph = field(7, field(5, text(8, 'abc'), 2), 2);
    const edited = splice(graph, [
      {
        kind: 'replace',
        at: [
          [7, 0],
          [5, 0],
          [8, 0],
        ],
        payload: utf8.encode('xyz'),
      },
    ]);
    expect(edited).toEqual(field(7, field(5, text(8, 'xyz'), 2), 2));
  });

  it('refuses edits of what is not there', async () => {
    const graph = field(7, field(5, text(8, 'abc')));
    for (const edit of [
      {
        kind: 'remove',
        at: [
          [7, 0],
          [5, 1],
        ],
      },
      { kind: 'remove', at: [[7, 1]] },
      {
        kind: 'set',
        into: [
          [7, 0],
          [1, 0],
        ],
        fields: [1],
        records: new Uint8Array(),
      },
    ] satisfies Edit[]) {
      await expectRefusal(() => splice(graph, [edit]), 'MODEL_INVALID', /no such field/);
    }
  });
});

describe('the check of the wire format', () => {
  it('throws MODEL_INVALID or reads, whatever bytes are changed or cut', () => {
    fc.assert(
      fc.property(model, fc.nat(), fc.nat({ max: 255 }), fc.boolean(), ({ bytes }, at, value, cut) => {
        const damaged = cut ? bytes.slice(0, at % bytes.length) : bytes.slice();
        if (!cut) damaged[at % bytes.length] = value;
        try {
          parseModel(damaged, 'm.onnx');
        } catch (error) {
          expect(error).toMatchObject({ name: 'TailorError', code: 'MODEL_INVALID' });
        }
      }),
      { numRuns: 500 },
    );
  });

  it('throws MODEL_INVALID or reads random bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        try {
          parseModel(bytes, 'm.onnx');
        } catch (error) {
          expect(error).toMatchObject({ name: 'TailorError', code: 'MODEL_INVALID' });
        }
      }),
      { numRuns: 500 },
    );
  });
});
