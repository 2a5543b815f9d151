// The models that the tables are made from, told by what python-export wrote into their metadata.

import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { openModel } from 'onnx-tailor';

/**
 * @typedef {object} FoundModel
 * @property {import('./measurement.mjs').MeasuredModel} about
 * @property {import('onnx-tailor').Model} model
 * @property {{ seed: number, validationPerClass: number, testPerClass?: number }} split how its data were drawn
 * @property {object | null} forgetting of the training's log beside it
 */

/**
 * Every .onnx file in the folders that says how it was trained; the others are named in `leftOut`. The same file in two folders
 * counts once.
 * @param {readonly string[]} folders
 * @returns {Promise<{ models: FoundModel[], leftOut: string[] }>}
 */
export async function findModels(folders) {
  const models = new Map();
  const leftOut = [];
  for (const folder of folders) {
    if (!existsSync(folder)) throw new Error(`There is no folder ${folder} with models.`);
    for (const file of readdirSync(folder)
      .filter((name) => name.endsWith('.onnx'))
      .sort()) {
      const path = join(folder, file);
      const model = await openModel(path);
      const training = model.metadata.get('onnx_tailor.training');
      if (training === undefined) leftOut.push(`${path} does not say how it was trained.`);
      else if (!models.has(model.sha256))
        models.set(model.sha256, foundModel(path, model, JSON.parse(training)));
    }
  }
  const list = [...models.values()].sort((a, b) => compareText(orderOf(a.about), orderOf(b.about)));
  return { models: list, leftOut };
}

/** @returns {FoundModel} */
function foundModel(path, model, training) {
  const { split, command: _command, ...settings } = training;
  const about = {
    name: basename(path, '.onnx'),
    sha256: model.sha256,
    bytes: statSync(path).size,
    ...settings,
  };
  return { about, model, split, forgetting: forgettingOf(path.replace(/\.onnx$/, '.log.jsonl')) };
}

/** The last line of a finished training's log has the scores, where the training recorded them. */
function forgettingOf(log) {
  if (!existsSync(log)) return null;
  const lines = readFileSync(log, 'utf8').trim().split('\n');
  const last = JSON.parse(lines[lines.length - 1]);
  return last.event === 'end' ? (last.forgetting ?? null) : null;
}

const orderOf = ({ dataset, model, epochs, method, seed }) =>
  [dataset, model, String(epochs).padStart(5, '0'), method, String(seed).padStart(5, '0')].join(' ');
const compareText = (a, b) => (a < b ? -1 : a > b ? 1 : 0);
