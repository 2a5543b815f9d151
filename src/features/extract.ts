/** A data source's features as one set in memory. */
import { allocate } from '../array/allocate.js';
import { matrix } from '../array/matrix.js';
import { VERSION } from '../array/version.js';
import { checkLabels } from '../data/check-labels.js';
import { alignLabels } from '../data/class-names.js';
import type { DataSource } from '../data/sample.js';
import { type Extractor, extractRows } from './extract-rows.js';
import { FeatureSet } from './feature-set.js';
import { type ExtractOptions, passSizes } from './run-batches.js';
import { inputKeeper } from './verification-inputs.js';

export type { ExtractOptions } from './run-batches.js';

/** Runs every sample of the source; see `Model.extract`. */
export async function extractFeatures(
  extractor: Extractor,
  source: DataSource,
  options: ExtractOptions,
): Promise<FeatureSet> {
  const doing = `Extracting features of ${source.name}`;
  const { samples } = passSizes(source, options, doing);
  const { sha256, name, preprocess } = extractor;
  const { classes: classCount, dimensions, output } = extractor.location;
  checkLabels(source.labels, source.length, undefined, source.name);
  const named = alignLabels(
    { labels: source.labels?.slice(0, samples), classes: source.classes },
    extractor.classes,
    classCount,
    doing,
  );
  const features = allocate(Float32Array, samples * dimensions, doing);
  const logits = allocate(Float32Array, samples * classCount, doing);
  const keep = inputKeeper(samples);
  const extraction = await extractRows(extractor, source, { ...options, keep }, (rows) => {
    features.set(rows.features, rows.start * dimensions);
    logits.set(rows.logits, rows.start * classCount);
  });
  return new FeatureSet({
    ...named,
    name: source.name,
    features: matrix(features, samples, dimensions),
    logits: matrix(logits, samples, classCount),
    classCount,
    verificationInputs: keep.inputs(),
    origin: {
      model: { sha256, name, output },
      source: source.name,
      preprocess,
      device: extraction.device,
      version: VERSION,
    },
    extraction,
  });
}
