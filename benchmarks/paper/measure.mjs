// One model, measured: features of its train and test data, what they are like, and the heads on them.

import { batchNormDiagnostics, diagnose, probeLayers, probeRandomLayers } from 'onnx-tailor';
import { measureHeads } from './heads.mjs';

/** The published figures have one draw of the random layers; more tell the draw from the features. */
const DRAWS = 5;

/** Above so many dimensions a draw costs minutes, and says as much as five below. */
const WIDE = 512;
const DRAWS_WIDE = 2;

/** Classes that differ by less than this in size are as good as balanced. */
const BALANCED = 2;

/**
 * @param {import('./models.mjs').FoundModel} found
 * @param {Exclude<Awaited<ReturnType<typeof import('./data.mjs').openData>>, { missing: string }>} data
 * @param {{ threads?: number, log?: (line: string) => void }} options
 * @returns {Promise<import('./measurement.mjs').Measurement>}
 */
export async function measure(found, { title, thresholds, from, parts }, { threads, log = () => {} } = {}) {
  const began = performance.now();
  const { about, model, forgetting } = found;
  const where = { device: 'cpu', threads };
  const step = (what) => log(`${about.name}: ${what}, ${Math.round((performance.now() - began) / 1000)} s`);
  const counts = Array.from(model.trainCounts);
  const sets = {};
  for (const [part, source] of Object.entries(parts)) {
    sets[part] = await model.extract(source, where);
    step(`features of ${sets[part].samples} samples of ${part}`);
  }
  assertSameCounts(counts, sets.train.counts, about, from);

  const imbalance = Math.max(...counts) / Math.min(...counts);
  const { figures: heads, heads: byName } = await measureHeads({
    ...{ model, sets, thresholds, where, seed: about.seed },
    secondStage: !about.method.includes('etf'),
    adjusted: imbalance >= BALANCED,
  });
  step('heads');
  const options = { counts, thresholds, ...where };
  const train = await diagnose(sets.train, { ...options, head: model.head });
  const test = await diagnose(sets.test, { ...options, head: model.head });
  const secondStage = byName.get('wb');
  const { theorem2 } = secondStage ? await diagnose(sets.train, { ...options, head: secondStage }) : train;
  step('diagnoses');
  return {
    model: about,
    title,
    classes: Array.from(model.classes),
    counts,
    thresholds,
    groups: train.groups,
    train: setFigures(train),
    test: setFigures(test),
    weightNorms: train.weightNorms,
    batchNorm: summarizeBatchNorms(await batchNormDiagnostics(model.file)),
    randomLayers: {
      train: await randomLayers(sets.train, model, threads),
      test: await randomLayers(sets.test, model, threads),
    },
    ...(isFlat(model) && { layers: await layerRatios(model, parts.test, where) }),
    theorem1: train.theorem1.quantiles.map(({ largestCosine: _largest, ...line }) => line),
    largestCosine: train.theorem1.largestCosine,
    theorem2: summarizeTheorem2(theorem2),
    heads,
    forgetting,
    data: from,
    seconds: Math.round((performance.now() - began) / 1000),
  };
}

/** Guards against another data set, another split and another order of classes. */
function assertSameCounts(expected, found, { name }, spec) {
  if (expected.every((count, k) => count === found[k])) return;
  throw new Error(
    `${name} was trained on ${expected.join(', ')} samples per class, and ${spec} has ${found.join(', ')}. Are these the data it was trained on?`,
  );
}

/** @returns {import('./measurement.mjs').SetFigures} */
function setFigures({ samples, fdr, cosine, classMeanNorms, featureNorms, collapse, accuracy }) {
  const { sameClass, differentClass, matrix } = cosine;
  return {
    samples,
    fdr: { ...fdr.byCenter, rank: fdr.rank, dropped: fdr.dropped.length },
    cosine: { sameClass, differentClass, matrix },
    classMeanNorms,
    featureNorms,
    collapse,
    accuracy: accuracy.overall,
  };
}

function summarizeBatchNorms({ scale, shift, layers }) {
  if (!scale || !shift) return null;
  const summary = (figures) => ({ scaleMean: figures.scale.mean, shiftSd: figures.shift.std });
  return {
    ...summary({ scale, shift }),
    layers: layers.map((layer) => ({ name: layer.name, ...summary(layer) })),
  };
}

async function randomLayers({ features, labels }, { location }, threads) {
  const { classes, dimensions } = location;
  const draws = dimensions > WIDE ? DRAWS_WIDE : DRAWS;
  const { steps } = await probeRandomLayers(features, labels, { classes, draws, threads });
  return steps.map(({ layers, mean, std, values }) => ({ layers, mean, sd: std ?? 0, seeds: values.length }));
}

/** Figure 6 is of networks whose layers give out vectors. */
const isFlat = ({ file }) =>
  file.proto.graph.node.every(({ opType }) => opType !== 'Conv') && !isTable(file.proto.metadataProps);
const isTable = (properties) => properties.some(({ key }) => key === 'onnx_tailor.columns');

async function layerRatios(model, source, where) {
  const { layers } = await probeLayers(model, source, {
    kinds: ['linear', 'normalization', 'activation'],
    ...where,
  });
  return layers.map(({ tensor, kind, fdr, reluFdr }) => ({
    name: tensor,
    kind,
    fdr: fdr.value,
    reluFdr: reluFdr.value,
  }));
}

function summarizeTheorem2({ centring, cosines, distances, gradientRatio, implicitGamma, r2 }) {
  const mean = (values) => {
    const known = values.filter((value) => value !== null);
    return known.length > 0 ? known.reduce((sum, value) => sum + value, 0) / known.length : null;
  };
  return { centring, cosine: mean(cosines), distance: mean(distances), gradientRatio, implicitGamma, r2 };
}
