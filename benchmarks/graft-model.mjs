#!/usr/bin/env node
// Writes a classifier of a given size for `npm run bench -- graft`: hidden layers of 4096 × 4096 (64 MiB each), 1000 classes.
//
//   node benchmarks/graft-model.mjs FOLDER NAME LAYERS embedded|external
//
// Embedded weights are in NAME.onnx, external ones in NAME.onnx.data beside it. A process of its own: it needs the memory twice.

import { closeSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { create } from '@bufbuild/protobuf';
import { TensorProto_DataType as DataType, TensorProtoSchema } from 'onnx-buf';
import { createRandom } from '../dist/array/random.js';
import { GraphBuilder } from '../dist/onnx/build.js';
import { externalContents } from '../dist/onnx/graph-edits.js';
import { readModelFile } from '../dist/onnx/model-file.js';
import { makeRunnable } from '../dist/onnx/runnable.js';

const [WIDTH, CLASSES] = [4096, 1000];
const [folder, name, layers, storage] = process.argv.slice(2);
const path = join(folder, `${name}.onnx`);
const location = `${name}.onnx.data`;
const data = join(folder, location);

const random = createRandom(0);
// So small that nothing overflows on the way through the layers, and nothing dies out.
const block = Float32Array.from({ length: WIDTH * WIDTH }, () => (random() - 0.5) * 2 * Math.sqrt(6 / WIDTH));
const file = openSync(data, 'w');
let offset = 0;
function put(g, dims, numbers) {
  const bytes = new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength);
  for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at);
  const contents = externalContents({ location, offset, length: bytes.length });
  offset += bytes.length;
  return g.initializer(
    create(TensorProtoSchema, {
      ...{ name: g.fresh(), dims: dims.map(BigInt), dataType: DataType.FLOAT },
      ...contents,
    }),
  );
}

const g = new GraphBuilder();
let x = g.input('x', 'float32', ['n', WIDTH]);
for (let layer = 0; layer < Number(layers); layer++) {
  x = g.relu(g.matMul(x, put(g, [WIDTH, WIDTH], block)));
}
const weight = put(g, [CLASSES, WIDTH], block.subarray(0, CLASSES * WIDTH));
const bias = put(g, [CLASSES], block.subarray(0, CLASSES));
g.output(g.gemm(x, weight, bias, { transB: 1 }), 'logits', 'float32', ['n', CLASSES]);
closeSync(file);
writeFileSync(path, g.build());
if (storage === 'embedded') {
  const { bytes } = await makeRunnable(await readModelFile(path), { referAbove: Number.POSITIVE_INFINITY });
  writeFileSync(path, bytes);
  rmSync(data);
}
