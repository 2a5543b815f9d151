#!/usr/bin/env node
// The demo: rebalances a ResNet-20 that was trained on a long-tailed CIFAR-10, and measures it on the untouched test set.
//
//   npm run demo [-- --json] [--svg FOLDER]    (every plot of the report as a file of its own)
//
// Everything goes through the public API, as in a program of yours.

import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import {
  adviseTogether,
  diagnose,
  evaluate,
  groupConfusion,
  listDevices,
  openModel,
  openSource,
  recalibrate,
  recalibrationContent,
  reportHtml,
  reportPlots,
  runtimeVersions,
  VERSION,
} from 'onnx-tailor';
import { fetchCifar10 } from './fetch-cifar10.mjs';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const MODEL = 'models/cifar10-lt-resnet20-wd.onnx';
const OUT = '.cache/demo/cifar10-lt-resnet20-wd.balanced.onnx';
const REPORT = '.cache/demo/report.html';

const { values: options } = parseArgs({
  options: { json: { type: 'boolean', default: false }, svg: { type: 'string' } },
});
/** People's text goes to stderr when a document was asked for. */
const say = (text = '') => (options.json ? process.stderr : process.stdout).write(`${text}\n`);
const percent = (share) => (share === undefined ? '–' : `${(share * 100).toFixed(1)} %`);
const points = (from, to) =>
  from === undefined ? '' : `${to >= from ? '+' : '−'}${Math.abs((to - from) * 100).toFixed(1)}`;

const started = performance.now();
const { folder } = await fetchCifar10({ cache: join(root, '.cache') });
const data = relative(process.cwd(), folder) || '.';
const fetched = performance.now();

const model = await openModel(join(root, MODEL));
say(`${MODEL}: ${model.location.classes} classes × ${model.location.dimensions} dimensions`);
say(`trained on ${model.trainCounts.join(', ')} images per class`);

// The 200 images that the training scripts set aside: same seed, same images.
const validationSource = await openSource(
  `cifar10:${data}?split=train&longtail=100&validation=20&part=validation&seed=0`,
);
const validation = await model.extract(validationSource, { onProgress: progress('validation') });
const result = await recalibrate(model, { validation });
const { head, improvement, changed } = result;
say();
say(
  `Chosen on ${validation.samples} validation images: ${result.method} ${JSON.stringify(result.parameters)}`,
);
say(
  `Improvement of the average, out-of-fold: ${points(0, improvement.average)} points ` +
    `(95 % interval ${improvement.interval.map((value) => (value * 100).toFixed(1)).join(' … ')})`,
);
for (const note of result.notes) say(`Note: ${note}`);

await mkdir(join(root, dirname(OUT)), { recursive: true });
const { sha256 } = await result.save(join(root, OUT), { overwrite: true });

// The test: 10,000 images that nothing was chosen on, through the original and through the file that was written.
const testSource = await openSource(`cifar10:${data}?split=test`);
const test = await model.extract(testSource, { onProgress: progress('test, original') });
const rebalanced = await openModel(join(root, OUT));
const ran = await rebalanced.extract(testSource, { onProgress: progress('test, rebalanced') });
const counts = model.trainCounts;
const before = evaluate({ logits: test.logits, labels: test.labels, counts, classes: test.classes });
const after = evaluate({ logits: ran.logits, labels: ran.labels, counts, classes: ran.classes });

// What the new head promises on the original's features (W f + b, here in float64), against what the written file computes.
const agreement = compare(promise(head, test.features), ran.logits.data, counts.length);

say();
say(`Test: ${before.samples} images`);
table(
  ['', 'before', 'after', 'points'],
  ['many', 'medium', 'few', 'average', 'worst', 'overall'].map((key) => [
    key,
    percent(before[key]),
    percent(after[key]),
    points(before[key], after[key]),
  ]),
);
say();
table(
  ['class', 'trained on', 'before', 'after', 'points'],
  test.classes.map((name, k) => [
    name,
    `${counts[k]}`,
    percent(before.perClass[k]),
    percent(after.perClass[k]),
    points(before.perClass[k], after.perClass[k]),
  ]),
);
say();
say(
  `Prediction against the written file on ${before.samples} images: same class on ${agreement.argmaxAgreement * 100} %, ` +
    `largest logit difference ${agreement.maxAbsLogitDifference.toExponential(1)}`,
);
await report();
const seconds = (performance.now() - fetched) / 1000;
say(`The report: ${REPORT}`);
say(`The rebalanced model: ${OUT} (sha256 ${sha256})`);
say(`${seconds.toFixed(0)} s after the data were there (${((fetched - started) / 1000).toFixed(0)} s)`);

if (options.json) {
  const { verification } = changed;
  const { method, parameters, selectedOn } = result;
  const devices = (await listDevices())
    .filter(({ available }) => available)
    .map(({ device, reason }) => `${device}: ${reason}`);
  const classes = test.classes.map((name, k) => ({
    name,
    trainedOn: counts[k],
    before: before.perClass[k],
    after: after.perClass[k],
  }));
  const document = {
    model: MODEL,
    method,
    parameters,
    selectedOn,
    improvement,
    verification,
    test: { before, after, ...agreement },
    classes,
    out: OUT,
    report: REPORT,
    sha256,
    seconds,
    device: ran.extraction.device,
    devices,
    versions: await runtimeVersions(),
  };
  process.stdout.write(`${JSON.stringify(document, null, 2)}\n`);
}

/** What training on long-tailed data did to the features, and what the new head does on test, as a page. */
async function report() {
  const trainSource = await openSource(
    `cifar10:${data}?split=train&longtail=100&validation=20&part=train&seed=0`,
  );
  const train = await model.extract(trainSource, { onProgress: progress('training images') });
  const look = (set, name) => diagnose(set, { head: model.head, counts, name });
  const sets = [await look(train, 'CIFAR10-LT, training'), await look(test, 'CIFAR-10, test')];
  const { groups } = sets[0];
  const confusion = {
    before: groupConfusion({ logits: test.logits, labels: test.labels, groups }),
    after: groupConfusion({ logits: ran.logits, labels: ran.labels, groups }),
  };
  const content = {
    ...recalibrationContent(result, { title: 'ResNet-20, CIFAR10-LT' }),
    diagnostics: sets,
    setNames: ['train', 'test'],
    evaluations: [{ setName: 'test', before, after, confusion, note: 'Nothing was chosen on the test set.' }],
    advice: adviseTogether(...sets),
    provenance: [
      ['model', `${MODEL}, sha256 ${model.sha256}`],
      ['rebalanced', `sha256 ${sha256}`],
      ['data', 'CIFAR-10, long-tailed by seed 0 with imbalance factor 100'],
      ['onnx-tailor', VERSION],
    ],
  };
  await writeFile(join(root, REPORT), reportHtml(content));
  if (options.svg === undefined) return;
  await mkdir(options.svg, { recursive: true });
  for (const [name, source] of Object.entries(reportPlots(content)))
    await writeFile(join(options.svg, `${name}.svg`), source);
}

/** Logits W f + b of every feature row, in float64 and without onnxruntime. */
function promise({ weight, bias }, features) {
  const [samples, dimensions] = features.shape;
  const classes = bias.shape[0];
  return Float64Array.from({ length: samples * classes }, (_, at) => {
    const [i, k] = [Math.floor(at / classes), at % classes];
    let z = bias.get(k);
    for (let d = 0; d < dimensions; d++) z += weight.get(k, d) * features.get(i, d);
    return z;
  });
}

/** Share of rows with the same largest entry, and the largest difference. */
function compare(a, b, classes) {
  let same = 0;
  let maxAbsLogitDifference = 0;
  for (let from = 0; from < a.length; from += classes) {
    const top = (row) => row.indexOf(Math.max(...row));
    const [x, y] = [a.slice(from, from + classes), b.slice(from, from + classes)];
    if (top(x) === top(y)) same++;
    x.forEach((value, k) => {
      maxAbsLogitDifference = Math.max(maxAbsLogitDifference, Math.abs(value - y[k]));
    });
  }
  return { argmaxAgreement: (same * classes) / a.length, maxAbsLogitDifference };
}

function table(header, rows) {
  const widths = header.map((title, c) => Math.max(title.length, ...rows.map((row) => row[c].length)));
  const line = (cells) =>
    cells.map((cell, c) => (c === 0 ? cell.padEnd(widths[c]) : cell.padStart(widths[c]))).join('  ');
  say(line(header));
  say(widths.map((width) => '─'.repeat(width)).join('  '));
  for (const row of rows) say(line(row));
}

/** One line at the end of a pass. */
function progress(what) {
  return ({ done, total, samplesPerSecond, seconds }) => {
    if (done !== total) return;
    process.stderr.write(
      `${what}: ${total} images in ${seconds.toFixed(1)} s, ${Math.round(samplesPerSecond)}/s\n`,
    );
  };
}
