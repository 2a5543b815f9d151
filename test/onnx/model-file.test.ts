/** What is read as a model, and what is said of files that are none. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { create, toBinary } from '@bufbuild/protobuf';
import { gzipSync, zipSync } from 'fflate';
import { GraphProtoSchema, type ModelProto, ModelProtoSchema } from 'onnx-buf';
import { describe, expect, it } from 'vitest';
import { encodeNpy } from '../../src/array/npy.js';
import { GraphBuilder } from '../../src/onnx/build.js';
import { readMetadata } from '../../src/onnx/metadata.js';
import { readModelFile } from '../../src/onnx/model-file.js';
import { concatenate } from '../../src/onnx/splice.js';
import { expectRefusal } from '../array/expect-refusal.js';

const utf8 = new TextEncoder();

function smallModel(): Uint8Array {
  const g = new GraphBuilder();
  g.output(g.relu(g.input('x', 'float32', ['n', 2])), 'y');
  return g.build({ metadata: { a: '1', b: '' } });
}

const edited = (edit: (model: ModelProto) => void): Uint8Array => {
  const g = new GraphBuilder();
  g.output(g.relu(g.input('x')), 'y');
  const model = g.model();
  edit(model);
  return toBinary(ModelProtoSchema, model);
};

describe('readModelFile', () => {
  it('reads bytes and paths', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'onnx-tailor-'));
    try {
      const path = join(folder, 'm.onnx');
      await writeFile(path, smallModel());
      const file = await readModelFile(path);
      expect(file).toMatchObject({ path, folder });
      expect(file.bytes).toEqual(smallModel());
      expect(readMetadata(file)).toEqual(
        new Map([
          ['a', '1'],
          ['b', ''],
        ]),
      );
      expect((await readModelFile(smallModel())).folder).toBeUndefined();
      await expectRefusal(() => readModelFile(join(folder, 'n.onnx')), 'FILE_NOT_FOUND', /n\.onnx/);
      await expectRefusal(() => readModelFile(folder), 'FILE_UNREADABLE', /folder/);
      await writeFile(path, '');
      await expectRefusal(() => readModelFile(path), 'MODEL_INVALID', /m\.onnx.*empty \(0 bytes\)/);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('says where a file was cut off', async () => {
    const bytes = smallModel();
    // Behind a whole field the rest is a valid message, but it lacks its graph or its operator sets.
    for (let length = 1; length < bytes.length; length++) {
      const cut = bytes.subarray(0, length);
      let read = false;
      try {
        await readModelFile(cut);
        read = true;
      } catch (error) {
        expect((error as Error).message).toMatch(/ends|needs \d+ bytes, but the file ends|no graph|cut off/);
        expect(error).toMatchObject({ code: 'MODEL_INVALID' });
      }
      // Metadata comes last: without it the model is whole.
      if (read) expect(length).toBeGreaterThan(bytes.length - 20);
    }
  });

  it.each([
    ['zip', zipSync({ 'data.pkl': utf8.encode('x') }), /zip archive/],
    ['pickle', Uint8Array.of(0x80, 4, 0x95, 1, 0, 0), /pickle/],
    ['HTML', utf8.encode('<!DOCTYPE html><html>'), /HTML page/],
    ['PNG', Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10), /PNG picture/],
    [
      'LFS pointer',
      utf8.encode('version https://git-lfs.github.com/spec/v1\noid sha256:1\nsize 2\n'),
      /git lfs pull/,
    ],
    ['gzip', gzipSync(smallModel()), /gzip-compressed/],
    ['JSON', utf8.encode('{"a": 1}'), /JSON text/],
    ['npy', encodeNpy({ shape: [1], data: Float32Array.of(1) }), /\.npy array/],
    [
      'TFLite',
      concatenate([Uint8Array.of(0x1c, 0, 0, 0), utf8.encode('TFL3'), new Uint8Array(20)]),
      /TensorFlow Lite/,
    ],
    ['text', utf8.encode('hello, this is no model at all'), /as an ONNX model|damaged/],
    ['zeros', new Uint8Array(100), /damaged/],
  ])('says what a file is that is no model: %s', async (_, bytes, message) => {
    await expectRefusal(() => readModelFile(bytes), 'MODEL_INVALID', message);
  });

  it('refuses models without graph, version or operator sets, and with several graphs', async () => {
    const without = (edit: (model: ModelProto) => void) => readModelFile(edited(edit));
    await expectRefusal(
      () =>
        without((model) => {
          model.graph = undefined;
        }),
      'MODEL_INVALID',
      /no graph/,
    );
    await expectRefusal(
      () =>
        without((model) => {
          model.irVersion = 0n;
        }),
      'MODEL_INVALID',
      /no IR version/,
    );
    await expectRefusal(
      () =>
        without((model) => {
          model.opsetImport = [];
        }),
      'MODEL_INVALID',
      /no operator set/,
    );
    const again = toBinary(
      ModelProtoSchema,
      create(ModelProtoSchema, { graph: create(GraphProtoSchema, { name: 'b' }) }),
    );
    await expectRefusal(() => readModelFile(concatenate([smallModel(), again])), 'MODEL_INVALID', /2 graphs/);
  });

  it('refuses lengths that run past their parent, which protobuf-es would read', async () => {
    // graph { name: length 9 of which only 1 byte is inside the graph }
    const graph = Uint8Array.of(0x3a, 3, 0x12, 9, 0x61);
    const bytes = concatenate([Uint8Array.of(8, 8), graph, Uint8Array.of(0x42, 2, 0x10, 17), smallModel()]);
    await expectRefusal(() => readModelFile(bytes), 'MODEL_INVALID', /enclosing part has only 1 left/);
  });

  it('refuses wrong wire types and deep nesting without running out of stack', async () => {
    await expectRefusal(
      () => readModelFile(Uint8Array.of(8, 8, 0x38, 1)),
      'MODEL_INVALID',
      /ModelProto\.graph.*wire type 0/,
    );
    let nested: Uint8Array = new Uint8Array();
    // graph → node → attribute → graph → …
    for (let i = 0; i < 3000; i++) nested = message([6, 5, 1][i % 3], nested);
    const bytes = concatenate([Uint8Array.of(8, 8, 0x42, 2, 0x10, 17), message(7, nested)]);
    await expectRefusal(() => readModelFile(bytes), 'MODEL_INVALID', /nest deeper than 100/);
    let groups: Uint8Array = new Uint8Array();
    for (let i = 0; i < 3000; i++)
      groups = concatenate([Uint8Array.of(0xfb, 1), groups, Uint8Array.of(0xfc, 1)]);
    await expectRefusal(
      () => readModelFile(concatenate([smallModel(), groups])),
      'MODEL_INVALID',
      /groups nest deeper/,
    );
  });
});

function message(field: number, body: Uint8Array): Uint8Array {
  const length: number[] = [];
  for (let rest = body.length; ; rest >>>= 7) {
    length.push(rest >= 128 ? (rest & 127) | 128 : rest);
    if (rest < 128) break;
  }
  return concatenate([Uint8Array.of(field * 8 + 2, ...length), body]);
}
