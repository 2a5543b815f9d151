// `npm run bench -- extract`: pictures to features, beside the same model run in a tight loop, and Python with a DataLoader.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { parseNpy, readNpz } from 'onnx-tailor';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { batchReader } from '../dist/features/batch.js';
import { describeMachine, machineFacts } from './machine.mjs';
import { openPeers } from './peers.mjs';
import { formatSeconds, markdownTable } from './table.mjs';
import { secondsOf, takeTurns } from './timing.mjs';
import { SIZE, tinyPictures, WHAT } from './tiny-pictures.mjs';

const OURS = 'onnx-tailor';
const OURS_READY = 'onnx-tailor, inputs at hand';
const OURS_HERE = "onnx-tailor, in the caller's thread (workers 0)";
const ROOF = 'raw session.run in a loop, inputs at hand (roofline)';
const DECODING = 'decoding and preprocessing alone';
const PYTHON = 'Python onnxruntime, PIL in a DataLoader';
const TRANSFORMERS = 'transformers.js, image-feature-extraction';

/**
 * `batch` is that of all contestants.
 *
 * @param {{ threads: number, quick: boolean, out: string, samples?: number, batch?: number }} options
 */
export async function benchExtract({ threads, quick, out, samples = quick ? 256 : 10_000, batch = 16 }) {
  const pictures = await tinyPictures(samples);
  if (!pictures) {
    console.log('extract: left out, TAILOR_DATA does not name a folder with tiny-imagenet-lt/images.tar.');
    return;
  }
  const machine = await machineFacts(threads);
  const { file, model, source, paths } = pictures;
  const { features, logits, ...extractor } = await model.extractor();
  const outputs = [features, logits];
  const session = await InferenceSession.create(extractor.bytes, { intraOpNumThreads: threads });
  const reader = batchReader({
    ...{ source, inputs: [{ name: session.inputNames[0], type: 'float32', dims: ['n', 3, SIZE, SIZE] }] },
    ...{ batch, preprocess: model.preprocess, inThreads: true },
  });
  const { feeds } = await reader.read(0, Math.min(batch, source.length));
  const [[input, first]] = Object.entries(feeds);
  const ready = { [input]: new Tensor('float32', first.data, first.dims) };
  const batches = source.length / first.dims[0];
  const inputs = first.data.slice();
  const numbers = inputs.length / first.dims[0];
  const atHand = {
    name: 'inputs at hand',
    length: source.length,
    read(index) {
      const from = (index % first.dims[0]) * numbers;
      const data = inputs.subarray(from, from + numbers);
      return { kind: 'tensor', inputs: { '': { data, dims: first.dims.slice(1) } } };
    },
  };

  const work = mkdtempSync(join(tmpdir(), 'bench-extract-'));
  const peers = await openPeers('extract-peer.py');
  const transformers = await openPeers('extract-transformers.mjs');
  const lags = { [OURS]: [], [OURS_READY]: [], [OURS_HERE]: [] };
  let set;
  const ours = (name, samples, workers) => async () => {
    const delay = monitorEventLoopDelay({ resolution: 1 });
    delay.enable();
    const seconds = await secondsOf(async () => {
      const made = await model.extract(samples, { device: 'cpu', threads, workers, batch });
      if (samples === source) set = made;
    });
    delay.disable();
    lags[name].push({ p99: delay.percentile(99) / 1e6, max: delay.max / 1e6 });
    return seconds;
  };
  const contestants = {
    [OURS]: ours(OURS, source),
    [ROOF]: async () => {
      const seconds = await secondsOf(async () => {
        for (let i = 0; i < batches; i++) await session.run(ready, outputs);
      });
      // The last batch may be a part only.
      return (seconds * batches) / Math.ceil(batches);
    },
    [OURS_READY]: ours(OURS_READY, atHand),
    [DECODING]: () => secondsOf(() => readAll(reader, source.length, batch)),
    [OURS_HERE]: ours(OURS_HERE, source, 0),
  };
  const python = join(work, 'python.npy');
  if (!('missing' in peers)) {
    Object.assign(machine.versions, prefixed(peers.versions));
    const asked = { model: file, paths, size: SIZE, batch, threads, outputs, out: python };
    contestants[PYTHON] = async () => (await peers.ask('extract', { ...asked, workers: threads })).seconds;
  }
  const javascript = join(work, 'transformers.npz');
  if (!('missing' in transformers)) {
    Object.assign(machine.versions, transformers.versions);
    const asked = {
      folder: work,
      model: join(work, 'extractor.onnx'),
      paths,
      size: SIZE,
      batch,
      threads,
    };
    writeFileSync(asked.model, extractor.bytes);
    contestants[TRANSFORMERS] = async () =>
      (await transformers.ask('extract', { ...asked, feature: features, out: javascript })).seconds;
  }
  const times = await takeTurns(contestants, { repetitions: quick ? 1 : 5, warmUp: !quick });
  const difference = 'missing' in peers ? null : largestDifference(set, parseNpy(readFileSync(python)).data);
  const differenceOfTransformers =
    'missing' in transformers
      ? null
      : largestDifference(set, (await readNpz(javascript)).get('features').data);
  for (const open of [peers, transformers]) if (!('missing' in open)) open.close();
  await session.release();
  await reader.close();
  rmSync(work, { recursive: true });

  const roof = times[ROOF].median;
  const rows = Object.entries(times).map(([name, { median, min, max }]) => [
    name,
    (source.length / median).toFixed(0),
    `${formatSeconds(median)} (${formatSeconds(min)} … ${formatSeconds(max)})`,
    `${((100 * roof) / median).toFixed(1)} %`,
    lags[name] ? `${worst(lags[name], 'p99')} / ${worst(lags[name], 'max')} ms` : '',
  ]);
  if ('missing' in peers) rows.push([PYTHON, '', peers.missing, '', '']);
  if ('missing' in transformers) rows.push([TRANSFORMERS, '', transformers.missing, '', '']);
  const columns = ['', 'pictures/s', 'median (range)', 'of the roofline', 'event loop: p99 / longest lag'];
  const text = [
    '# Extraction',
    `Made by \`npm run bench -- extract\`. ${describeMachine(machine)}.`,
    `${source.length} ${WHAT}, batch ${batch}; ` +
      `all contestants in turns, ${threads} threads each (the DataLoader has ${threads} processes beside). The rows of onnx-tailor ` +
      'include the start of its thread and of its session. No run of onnx-tailor can reach the roofline where decoding has to share ' +
      'the processors that the roofline has for itself.',
    markdownTable(columns, rows),
    difference === null
      ? 'Python is left out, so its features are not compared.'
      : `Largest difference of a feature between onnx-tailor and Python: ${difference.toPrecision(2)}.`,
    differenceOfTransformers === null
      ? ''
      : `Between onnx-tailor and transformers.js: ${differenceOfTransformers.toPrecision(2)} (it resizes pictures in another way).`,
  ]
    .filter(Boolean)
    .join('\n\n');
  console.log(`\n${text}`);
  writeFileSync(join(out, 'extract.md'), `${text}\n`);
  const result = {
    machine,
    samples: source.length,
    batch,
    times,
    lags,
    difference,
    differenceOfTransformers,
  };
  writeFileSync(join(out, 'extract.json'), `${JSON.stringify(result, null, 2)}\n`);
}

/** As many batches side by side as the reader can. */
async function readAll(reader, samples, batch) {
  let from = 0;
  const readOn = async () => {
    while (from < samples) {
      const start = from;
      from += batch;
      const { feeds } = await reader.read(start, Math.min(batch, samples - start));
      reader.recycle(feeds);
    }
  };
  await Promise.all(Array.from({ length: reader.width }, readOn));
}

function prefixed(versions) {
  return Object.fromEntries(Object.entries(versions).map(([name, version]) => [`Python's ${name}`, version]));
}

function worst(lags, key) {
  return Math.max(...lags.map((lag) => lag[key])).toFixed(0);
}

function largestDifference({ features }, theirs) {
  const [samples, dimensions] = features.shape;
  let most = 0;
  for (let i = 0; i < samples * dimensions; i++)
    most = Math.max(most, Math.abs(features.data[i] - theirs[i]));
  return most;
}
