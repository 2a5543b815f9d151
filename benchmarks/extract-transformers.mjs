// The peer of `npm run bench -- extract` from npm: transformers.js's image-feature-extraction, in a process of its own.
//
// One JSON document per line on stdin, one answer per line on stdout, as in peers.py. What transformers.js wants of a model (a folder
// with two configurations, and its own names of inputs and outputs) is made beside; the network and the preprocessing are the same.

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fromBinary, toBinary } from '@bufbuild/protobuf';
import { ModelProtoSchema } from 'onnx-buf';
import { encodeNpz } from 'onnx-tailor';
import { importPeer, peerVersion } from './node-peers.mjs';

const PEER = '@huggingface/transformers';
const { env, pipeline } = await importPeer(PEER);
env.allowRemoteModels = false;

function versions() {
  return { 'transformers.js': peerVersion(PEER) };
}

/** Its clock runs from the first file that is opened to the last row: the session is made before. */
async function extract({ folder, model, paths, size, batch, threads, feature, out }) {
  prepareFolder(join(folder, 'mobilenet'), { model, size, feature });
  env.localModelPath = folder;
  const session_options = { intraOpNumThreads: threads };
  const run = await pipeline('image-feature-extraction', 'mobilenet', {
    dtype: 'fp32',
    device: 'cpu',
    session_options,
  });
  const rows = [];
  const began = performance.now();
  for (let from = 0; from < paths.length; from += batch) {
    rows.push((await run(paths.slice(from, from + batch))).data);
  }
  const seconds = (performance.now() - began) / 1000;
  await run.dispose();
  const dimensions = rows[0].length / Math.min(batch, paths.length);
  const data = Float32Array.from(rows.flatMap((part) => Array.from(part)));
  writeFileSync(out, encodeNpz({ features: { data, shape: [paths.length, dimensions] } }));
  return { seconds };
}

function prepareFolder(folder, { model, size, feature }) {
  mkdirSync(join(folder, 'onnx'), { recursive: true });
  const proto = fromBinary(ModelProtoSchema, readFileSync(model));
  const names = { [proto.graph.input[0].name]: 'pixel_values', [feature]: 'image_embeds' };
  const renamed = (name) => names[name] ?? name;
  for (const node of proto.graph.node) {
    node.input = node.input.map(renamed);
    node.output = node.output.map(renamed);
  }
  for (const value of [...proto.graph.input, ...proto.graph.output]) value.name = renamed(value.name);
  proto.graph.output = proto.graph.output.filter(({ name }) => name === 'image_embeds');
  writeFileSync(join(folder, 'onnx/model.onnx'), toBinary(ModelProtoSchema, proto));
  const json = (name, content) => writeFileSync(join(folder, name), JSON.stringify(content));
  json('config.json', { model_type: 'mobilenet_v1', architectures: ['MobileNetV1Model'] });
  json('preprocessor_config.json', {
    image_processor_type: 'MobileNetV1ImageProcessor',
    ...{ do_resize: true, size: { width: size, height: size }, resample: 2, do_center_crop: false },
    ...{ do_rescale: true, rescale_factor: 1 / 128, do_normalize: true },
    ...{ image_mean: [1, 1, 1], image_std: [1, 1, 1] },
  });
}

const CALLS = { versions, extract };
for await (const line of createInterface({ input: process.stdin })) {
  const { call, ...request } = JSON.parse(line);
  const answer = await Promise.resolve()
    .then(() => CALLS[call](request))
    .catch((error) => ({ error: `${error.name}: ${error.message}` }));
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
