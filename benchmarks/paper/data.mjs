// The data sets of the paper under one folder, laid out as python-export's --data is: train, validation and test as it draws them.

import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import { openSource } from 'onnx-tailor';
import { fetchCifar10 } from '../../scripts/fetch-cifar10.mjs';
import { fetchMnist } from '../../scripts/fetch-mnist.mjs';

/**
 * @typedef {'train' | 'validation' | 'test'} Part
 * @typedef {{ imbalanceFactor: number, seed: number, validationPerClass: number, testPerClass?: number }} Draw
 *
 * @typedef {object} DataSet
 * @property {string} title
 * @property {{ many: number, few: number }} thresholds of the paper's groups
 * @property {readonly string[]} files under the data folder; all are needed, or any one of them with `anyFile`
 * @property {boolean} [anyFile]
 * @property {(folder: string, draw: Draw) => Record<Part, string>} parts what openSource is given
 * @property {(cache: string) => Promise<unknown>} [fetch] gets it where it may be had
 */

const HUNDREDS_OF_CLASSES = { many: 100, few: 20 };
const TEN_CLASSES = { many: 1000, few: 200 };
const TABLE_CLASSES = { many: 500, few: 200 };

/** The data sets of the paper, and one that stands in for mini-ImageNet. @type {Record<string, DataSet>} */
const DATA_SETS = {
  cifar10: {
    ...cifar('cifar10', 'cifar-10-batches-bin'),
    title: 'CIFAR10',
    thresholds: TEN_CLASSES,
    fetch: (cache) => fetchCifar10({ cache }),
  },
  cifar100: {
    ...cifar('cifar100', 'cifar-100-binary'),
    title: 'CIFAR100',
    thresholds: HUNDREDS_OF_CLASSES,
  },
  'mini-imagenet-lt': lists('mini-ImageNet-LT', 'mini-imagenet-lt', 'mini_ImageNet_LT'),
  'imagenet-lt': lists('ImageNet-LT', 'imagenet-lt', 'ImageNet_LT'),
  helena: {
    ...table(
      'Helena',
      ['arff', 'arff.gz', 'csv', 'csv.gz', 'tsv', 'tsv.gz'].map((end) => `helena.${end}`),
    ),
    anyFile: true,
  },
  mnist: {
    title: 'MNIST',
    thresholds: TEN_CLASSES,
    files: ['mnist'],
    parts: (folder, draw) => ({ ...drawn(idx(folder, 'train'), draw), test: idx(folder, 't10k') }),
    fetch: (cache) => fetchMnist({ cache }),
  },
  'tiny-imagenet-lt': {
    title: 'Tiny-ImageNet-LT',
    thresholds: HUNDREDS_OF_CLASSES,
    files: ['train', 'val', 'test'].map((part) => join('tiny-imagenet-lt', part)),
    parts: (folder) => {
      const part = (name) => `folder:${join(folder, 'tiny-imagenet-lt', name)}`;
      return { train: part('train'), validation: part('val'), test: part('test') };
    },
  },
};

/** Names of the data sets that the paper has, in its order. */
export const PAPER_DATA_SETS = ['cifar10', 'cifar100', 'mini-imagenet-lt', 'imagenet-lt', 'helena', 'mnist'];

/**
 * The parts of the data that a model was trained, chosen and tested on.
 * @param {import('./models.mjs').FoundModel} found
 * @param {{ data: string, mayFetch: boolean }} where
 * @returns {Promise<{ title: string, thresholds: DataSet['thresholds'], from: string, parts: Record<Part, import('onnx-tailor').DataSource> } | { missing: string }>}
 */
export async function openData({ about, model, split }, { data, mayFetch }) {
  const set = dataSet(about.dataset);
  if (!set) return { missing: `${about.dataset}: no data; this harness does not know it.` };
  if (mayFetch && set.fetch) {
    try {
      await set.fetch(data);
    } catch (error) {
      return { missing: `${set.title}: no data; fetching them failed: ${error.message}` };
    }
  }
  const missing = missingFiles(set, data);
  if (missing) return { missing };
  const draw = { imbalanceFactor: about.imbalanceFactor, ...split };
  const from = set.parts(data, draw);
  const parts = {};
  for (const [part, spec] of Object.entries(from)) parts[part] = await openSource(spec, model);
  const cut = draw.imbalanceFactor ? `-LT (ρ = ${draw.imbalanceFactor})` : '';
  // Results name files without the folder, which differs from machine to machine.
  return {
    ...{ title: `${set.title}${cut}`, thresholds: set.thresholds, parts },
    from: from.train.replaceAll(join(data, '/'), ''),
  };
}

/** Why the data of a data set are not at hand; undefined where they are. @param {string} name @param {string} data */
export function whyNoData(name, data) {
  return missingFiles(dataSet(name), data);
}

/** 'table:krkopt.tsv.gz' is one of the family 'table'. @returns {DataSet | undefined} */
function dataSet(name) {
  if (!name.startsWith('table:')) return DATA_SETS[name];
  const [file, query] = name.slice('table:'.length).split('?');
  return table(basename(file).replace(/\.(csv|tsv|arff)(\.gz)?$/, ''), [file], query);
}

function missingFiles({ title, files, anyFile }, data) {
  const missing = files.filter((file) => !existsSync(join(data, file)));
  if (missing.length === 0 || (anyFile && missing.length < files.length)) return undefined;
  // Without the folder itself, which differs from machine to machine.
  return `${title}: no data; the data folder has ${anyFile ? 'none of' : 'no'} ${missing.join(', ')}.`;
}

function cifar(kind, name) {
  const split = (folder, part) => `${kind}:${join(folder, name)}?split=${part}`;
  return {
    files: [name],
    parts: (folder, draw) => ({ ...drawn(split(folder, 'train'), draw), test: split(folder, 'test') }),
  };
}

function lists(title, name, stem) {
  const files = ['train', 'val', 'test'].map((part) => join(name, `${stem}_${part}.txt`));
  return {
    title,
    thresholds: HUNDREDS_OF_CLASSES,
    files,
    parts: (folder) => {
      const [train, validation, test] = files.map((file) => `list:${join(folder, file)}`);
      return { train, validation, test };
    },
  };
}

function table(title, files, query) {
  return {
    title,
    thresholds: TABLE_CLASSES,
    files,
    parts: (folder, draw) => {
      const file = files.find((name) => existsSync(join(folder, name)));
      return drawn(`table:${join(folder, file)}${query ? `?${query}` : ''}`, draw, ['test']);
    },
  };
}

/** Train and validation as python-export draws them, and test where it is drawn as well. */
function drawn(spec, { imbalanceFactor, validationPerClass, testPerClass, seed }, more = []) {
  const keys = [
    imbalanceFactor ? `longtail=${imbalanceFactor}` : '',
    `validation=${validationPerClass}`,
    testPerClass ? `test=${testPerClass}` : '',
    `seed=${seed}`,
  ].filter(Boolean);
  const part = (name) => `${spec}${spec.includes('?') ? '&' : '?'}part=${name}&${keys.join('&')}`;
  return Object.fromEntries(['train', 'validation', ...more].map((name) => [name, part(name)]));
}

/** MNIST's files go by two spellings, packed or not. */
function idx(folder, part) {
  const file = (what, kind) => {
    const names = ['-', '.'].flatMap((dot) =>
      ['', '.gz'].map((end) => `${part}-${what}${dot}${kind}-ubyte${end}`),
    );
    const found = names.find((name) => existsSync(join(folder, 'mnist', name)));
    return join(folder, 'mnist', found ?? names[0]);
  };
  return `idx:${file('images', 'idx3')}?labels=${file('labels', 'idx1')}`;
}
