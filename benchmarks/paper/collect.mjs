// Every model at hand measured, and the reasons why some could not be.

import { measurementCache } from './cache.mjs';
import { openData, PAPER_DATA_SETS, whyNoData } from './data.mjs';
import { measure } from './measure.mjs';
import { findModels } from './models.mjs';

/**
 * @typedef {object} Collection
 * @property {import('./measurement.mjs').Measurement[]} measurements
 * @property {Map<string, string>} noData of the paper's data sets and those of the models: the reason why they are not at hand
 * @property {string[]} leftOut a sentence for each model that was not measured
 */

/**
 * @param {{ data: string, mayFetch: boolean, models: string[], dataset?: string, threads?: number, fresh?: boolean, log?: (line: string) => void }} options
 * @returns {Promise<Collection>}
 */
export async function collect({ data, mayFetch, models: folders, dataset, threads, fresh = false, log }) {
  const { models, leftOut } = await findModels(folders);
  const wanted = models.filter(({ about }) => !dataset || about.dataset === dataset);
  const cache = measurementCache({ fresh });
  const measurements = [];
  const noData = new Map();
  for (const found of wanted) {
    const { about } = found;
    const opened = await openData(found, { data, mayFetch });
    if ('missing' in opened) {
      noData.set(about.dataset, opened.missing);
      leftOut.push(`${about.name} was not measured. ${opened.missing}`);
      continue;
    }
    const key = [about.sha256, about.name, opened.from, JSON.stringify(found.forgetting)];
    let measurement = cache.read(key);
    if (!measurement) {
      measurement = rounded(await measure(found, opened, { threads, log }));
      cache.write(key, measurement);
    }
    measurements.push(measurement);
  }
  for (const name of PAPER_DATA_SETS) {
    const missing = whyNoData(name, data);
    if (missing && !noData.has(name)) noData.set(name, missing);
  }
  return { measurements, noData, leftOut };
}

/** To seven digits, before anything is made of it: more are noise of float32, and results that are read again say the same. */
function rounded(measurement) {
  return JSON.parse(JSON.stringify(measurement), (_key, value) =>
    typeof value === 'number' && !Number.isInteger(value) ? Number(value.toPrecision(7)) : value,
  );
}
