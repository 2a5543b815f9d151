// One extraction of benchmarks/scaling.mjs, in a process of its own: node scaling-run.mjs SAMPLES THREADS FOLDER

import { extractStore } from 'onnx-tailor';
import { tinyPictures } from './tiny-pictures.mjs';

const [samples, threads, folder] = process.argv.slice(2);
const { model, source } = await tinyPictures(Number(samples));
const { extraction } = await extractStore(model, source, folder, {
  device: 'cpu',
  threads: Number(threads),
  shardRows: 4096,
});
process.stdout.write(JSON.stringify({ seconds: extraction.seconds }));
