// Features that the benchmarks fit heads on: extracted once by the commands' own code and kept in .cache/features.

import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openModel, openSource, readFeatures } from 'onnx-tailor';
import { fetchCifar10 } from '../scripts/fetch-cifar10.mjs';

export const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const cache = join(root, '.cache');

/**
 * @typedef {object} Task
 * @property {string} name
 * @property {import('onnx-tailor').Model} model
 * @property {number[]} counts training samples per class
 * @property {{ many: number, few: number }} thresholds
 * @property {import('onnx-tailor').FeatureSet} train
 * @property {import('onnx-tailor').FeatureSet} validation
 * @property {import('onnx-tailor').FeatureSet} test
 */

/** The demo's model on CIFAR10-LT, ρ = 100: train 12,355, validation 200, test 10,000 images. @returns {Promise<Task>} */
export async function cifar10Lt() {
  const { folder } = await fetchCifar10({ cache });
  const model = await openModel(join(root, 'models/cifar10-lt-resnet20-wd.onnx'));
  const part = (name) => `cifar10:${folder}?split=train&longtail=100&validation=20&part=${name}&seed=0`;
  const parts = {
    train: part('train'),
    validation: part('validation'),
    test: `cifar10:${folder}?split=test`,
  };
  const sets = await extractParts('cifar10-lt-resnet20', model, parts);
  return {
    name: 'CIFAR10-LT, ResNet-20',
    model,
    counts: sets.train.counts,
    thresholds: { many: 1000, few: 200 },
    ...sets,
  };
}

/** The unpacked pictures, and the model that they are run through; undefined where TAILOR_DATA does not have them. */
export function tinyImageNetFolders(data = process.env.TAILOR_DATA) {
  const archive = data && join(data, 'tiny-imagenet-lt/images.tar');
  if (!archive || !existsSync(archive)) return undefined;
  const folder = join(cache, 'tiny-imagenet-lt');
  if (!existsSync(join(folder, 'complete'))) {
    mkdirSync(folder, { recursive: true });
    const { status, stderr } = spawnSync(
      'sh',
      ['-c', 'tar xf "$1" -C "$2" && touch "$2/complete"', 'sh', resolve(archive), folder],
      { encoding: 'utf8' },
    );
    if (status !== 0) throw new Error(`Unpacking ${archive}: ${stderr}`);
  }
  return {
    train: join(folder, 'train'),
    validation: join(folder, 'val'),
    test: join(folder, 'test'),
    model: join(data, 'models/mobilenet/mobilenet_v1_0.5_160_imagenet.onnx'),
  };
}

/**
 * Tiny-ImageNet-LT (200 classes, 480 … 4 images) through a MobileNet v1 0.5 that was trained on balanced ImageNet: its
 * own 1001-class head is not used. Needs TAILOR_DATA; undefined without. @returns {Promise<Task | undefined>}
 */
export async function tinyImageNetLt(data = process.env.TAILOR_DATA) {
  const folders = tinyImageNetFolders(data);
  if (!folders) return undefined;
  // Largest class first, as its index lists them: with that order the class names of all three parts agree.
  const classes = JSON.parse(readFileSync(join(data, 'tiny-imagenet-lt/classes.json'), 'utf8')).map(
    ({ id }) => id,
  );
  const model = await openModel(folders.model, {
    // (x − 128) / 128; the shorter side to 160 is the whole picture, they are square.
    preprocess: { size: [160, 160], scale: 1 / 128, mean: [1, 1, 1], std: [1, 1, 1], resize: 'bilinear' },
  });
  const { model: _, ...parts } = folders;
  const sets = await extractParts('tiny-imagenet-lt-mobilenet', model, parts, classes);
  return {
    name: 'Tiny-ImageNet-LT, MobileNet v1 0.5',
    model,
    counts: sets.train.counts,
    thresholds: { many: 100, few: 20 },
    ...sets,
  };
}

async function extractParts(name, model, parts, classes) {
  const sets = {};
  for (const [part, spec] of Object.entries(parts)) {
    const path = join(cache, 'features', `${name}-${part}-${model.sha256.slice(0, 12)}.npz`);
    if (!existsSync(path)) {
      mkdirSync(dirname(path), { recursive: true });
      const source = await openSource(spec, classes && { classes });
      // Classes other than the model's own: labels are kept as the source has them.
      const set = await model.extract(
        classes ? { ...source, labels: undefined, classes: undefined } : source,
        {
          onProgress: ({ done, total, samplesPerSecond }) => {
            if (done === total)
              process.stderr.write(`${name} ${part}: ${total} images, ${Math.round(samplesPerSecond)}/s\n`);
          },
        },
      );
      const labelled = classes
        ? set.with({
            labels: source.labels,
            classes,
            logits: undefined,
            classCount: classes.length,
            verificationInputs: undefined,
          })
        : set;
      await labelled.save(path);
    }
    sets[part] = await readFeatures(path);
  }
  return sets;
}
