#!/usr/bin/env node
// Makes the sample of the page: features of CIFAR-10 pictures by the demo's model, and the card that says what they are.
//
//   npm run build && node scripts/make-web-sample.mjs [--out DIR]
//
// The pictures themselves are no part of the repository, so no inputs are kept either.

import { createHash } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { evaluate, openModel, openSource, recalibrate, subset } from 'onnx-tailor';
import { fetchCifar10 } from './fetch-cifar10.mjs';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const MODEL = 'models/cifar10-lt-resnet20-wd.onnx';
/** One training picture in so many: enough for a fit that is done in seconds. */
const TRAIN_SHARE = 6;
/** Test pictures of each class. */
const TEST_PER_CLASS = 100;

const { values: options } = parseArgs({
  options: { out: { type: 'string', default: join(root, 'src/web/sample') } },
});
const { folder } = await fetchCifar10({ cache: join(root, '.cache') });
const model = await openModel(join(root, MODEL));
await mkdir(options.out, { recursive: true });

const split = (part) =>
  openSource(`cifar10:${folder}?split=train&longtail=100&validation=20&part=${part}&seed=0`);
const validation = await make(
  await split('validation'),
  'validation',
  'the 200 validation pictures of the training scripts',
);
const train = await make(
  firstOfEachClass(await split('train'), (samples) => Math.floor(samples / TRAIN_SHARE)),
  'train',
  `one in ${TRAIN_SHARE} of the 12,355 training pictures, class by class`,
);
const test = await make(
  firstOfEachClass(await openSource(`cifar10:${folder}?split=test`), () => TEST_PER_CLASS),
  'test',
  `the first ${TEST_PER_CLASS} of each class of the official test pictures`,
);
await writeFile(join(options.out, 'README.md'), await card());

/** The first samples of each class, in the order of the source. */
function firstOfEachClass(source, take) {
  const counts = new Map();
  for (const label of source.labels) counts.set(label, (counts.get(label) ?? 0) + 1);
  const left = new Map([...counts].map(([label, samples]) => [label, take(samples)]));
  const indices = [...source.labels.keys()].filter((index) => {
    const label = source.labels[index];
    left.set(label, left.get(label) - 1);
    return left.get(label) >= 0;
  });
  return subset(source, indices, source.name);
}

/** Extracts, writes, and hands over the set with what the card says of it. */
async function make(source, part, what) {
  const extracted = await model.extract(source, { device: 'cpu' });
  const set = extracted.with({
    origin: { ...extracted.origin, source: `CIFAR-10: ${what}` },
    verificationInputs: undefined,
  });
  const name = `cifar10-lt-${part}.npz`;
  await set.save(join(options.out, name), { overwrite: true });
  const bytes = await readFile(join(options.out, name));
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  process.stdout.write(`${name}: ${set.samples} samples, ${bytes.length} bytes, sha256 ${sha256}\n`);
  return { set, name, what, bytes: bytes.length, sha256 };
}

async function card() {
  const result = await recalibrate(model, { validation: validation.set, test: test.set });
  const percent = (share) => `${(share * 100).toFixed(1)} %`;
  const original = evaluate({
    logits: test.set.logits,
    labels: test.set.labels,
    counts: model.trainCounts,
    bootstrap: 0,
  });
  const rows = ['many', 'medium', 'few', 'average'].map(
    (key) => `| ${key} | ${percent(original[key])} | ${percent(result.test.after[key])} |`,
  );
  const { kept, method, parameters } = result;
  const chosen = kept ? 'the original head' : `${method} ${JSON.stringify(parameters)}`;
  return `# The sample of the page

Features, labels and logits of CIFAR-10 pictures, computed by [${MODEL.split('/').at(-1)}](../../../${MODEL}), which the page brings along
too. Everything here was written by \`node scripts/make-web-sample.mjs\`.

| file | what | samples | bytes |
| --- | --- | ---: | ---: |
${[validation, train, test].map(({ name, what, set, bytes }) => `| \`${name}\` | ${what} | ${set.samples} | ${bytes.toLocaleString('en')} |`).join('\n')}

Each holds \`features\` float32 [N, 64], \`labels\` int32 [N], \`logits\` float32 [N, 10], \`classes\`, and \`origin\` (JSON). Which
pictures are validation and training is told on the [card of the model](../../../${MODEL.replace('.onnx', '.md')}#data). Nothing was chosen on the test
pictures.

Chosen on the validation features: ${chosen}. On the test features:

| | before | after |
| --- | ---: | ---: |
${rows.join('\n')}

No picture is part of this repository. CIFAR-10 is by Alex Krizhevsky, Vinod Nair and Geoffrey Hinton (https://www.cs.toronto.edu/~kriz/cifar.html), published without
a licence; they ask to cite 'Learning Multiple Layers of Features from Tiny Images', Alex Krizhevsky, 2009. The features are
under the repository's licence.

sha256

${[validation, train, test].map(({ name, sha256 }) => `- \`${name}\` \`${sha256}\``).join('\n')}
`;
}
