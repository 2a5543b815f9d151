// The paper's words for data sets, networks and methods, and which of our models stand for which.

/**
 * @typedef {object} PaperSet a data set of the paper, as one of its tables has it
 * @property {string} title in Table 1 @property {string} short in Table 4
 * @property {string} dataset as python-export names it
 * @property {number} [imbalanceFactor] 0: balanced or as it is; absent: whatever the official files have
 * @property {string} network the paper's @property {number} [epochs] the paper's, where its text says
 * @property {readonly string[]} [only] networks that stand for it @property {readonly string[]} [except] and that do not
 */

const RESNET34 = { network: 'resnet34', epochs: 320, except: ['resnext50'] };
/** Of pictures that are larger than CIFAR's. */
const LARGER = { network: 'resnet34-imagenet' };
const MINI = 'mini-imagenet-lt';

/** @type {Record<string, PaperSet>} */
export const SETS = {
  c10lt: { title: 'CIFAR10-LT', short: 'C10-LT', dataset: 'cifar10', imbalanceFactor: 100, ...RESNET34 },
  c10: { title: 'CIFAR10', short: 'C10', dataset: 'cifar10', imbalanceFactor: 0, ...RESNET34 },
  c100lt: { title: 'CIFAR100-LT', short: 'C100-LT', dataset: 'cifar100', imbalanceFactor: 100, ...RESNET34 },
  c100: { title: 'CIFAR100', short: 'C100', dataset: 'cifar100', imbalanceFactor: 0, ...RESNET34 },
  miniLt: { title: 'mini-ImageNet-LT', short: 'mIm-LT', dataset: MINI, ...RESNET34, ...LARGER },
  mini: {
    title: 'mini-ImageNet',
    short: 'mIm',
    dataset: 'mini-imagenet',
    imbalanceFactor: 0,
    ...RESNET34,
    ...LARGER,
  },
  c100ltNext: {
    ...{ title: 'CIFAR100-LT', short: 'C100-LT', dataset: 'cifar100', imbalanceFactor: 100 },
    ...{ network: 'resnext50', epochs: 320, only: ['resnext50'] },
  },
  imagenetLt: {
    ...{ title: 'ImageNet-LT', short: 'ImageNet-LT', dataset: 'imagenet-lt' },
    network: 'resnext50-imagenet',
  },
  helena: { title: 'Helena', short: 'Helena', dataset: 'helena', network: 'table-mlp' },
};

/** @param {string} network @returns {PaperSet} */
export const mnist = (network) => ({
  ...{ title: 'MNIST', short: 'MNIST', dataset: 'mnist', imbalanceFactor: 0, network },
  only: [network],
});

/** @param {import('./measurement.mjs').MeasuredModel} model @param {PaperSet} set */
export function isOf(model, { dataset, imbalanceFactor, only, except }) {
  return (
    model.dataset === dataset &&
    (imbalanceFactor === undefined || cutOf(model) === imbalanceFactor) &&
    (only === undefined || only.includes(model.model)) &&
    !except?.includes(model.model)
  );
}

/** ρ; 0 for data as they are, which a factor of 1 is as well. @param {{ imbalanceFactor: number }} model */
export const cutOf = ({ imbalanceFactor }) => (imbalanceFactor > 1 ? imbalanceFactor : 0);

/** Why the paper's data set is not at hand; undefined where it is. @param {PaperSet} set @param {ReadonlyMap<string, string>} noData */
export function whyMissing({ dataset }, noData) {
  // Both are drawn from the same pictures.
  return noData.get(dataset) ?? (dataset === 'mini-imagenet' ? noData.get(MINI) : undefined);
}

/** In the first tables, which compare losses and what decays. */
export const STAGE_ONE = {
  ce: 'CE w/o WD',
  cb: 'CB w/o WD',
  'ce-wd': 'CE w/ WD',
  'cb-wd': 'CB w/ WD',
  'wd-without-bn': 'WD w/o BN',
  'wd-fixed-bn': 'WD fixed BN',
};

/** In the tables of accuracy. */
export const METHODS = {
  ce: 'CE',
  cb: 'CB',
  'ce-wd': 'WD',
  'cb-wd': 'WD with CB',
  'wd-without-bn': 'WD w/o BN',
  'wd-fixed-bn': 'WD fixed BN',
  'wd-etf': 'WD&ETF',
  'wd-fr-etf': 'WD&FR&ETF',
  'wd-etf-dr': 'WD&ETF&DR',
  'wd-without-bn-etf': 'WD w/o BN & ETF',
  'wd-fixed-bn-etf': 'WD fixed BN & ETF',
};

const NETWORKS = {
  ...{ mlp3: 'MLP3', mlp4: 'MLP4', mlp5: 'MLP5', resblock1: 'ResBlock1', resblock2: 'ResBlock2' },
  ...{ resnet20: 'ResNet20', resnet34: 'ResNet34', 'resnet34-imagenet': 'ResNet34' },
  ...{ resnext50: 'ResNeXt50', 'resnext50-imagenet': 'ResNeXt50', 'table-mlp': '9-layer MLP' },
};

/** @param {string} model as python-export names it */
export const networkTitle = (model) => NETWORKS[model] ?? model;

/** @param {string} method */
export const methodTitle = (method) => METHODS[method] ?? method;
